//! Reading `docker inspect`: a JSON array of containers, of which only what the verdict needs is looked at.
//!
//! Unknown keys are left alone: engines add some with every version.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::container::{Container, ContainerStatus, Health, HealthCheck, HealthStatus, RestartKind, RestartPolicy};
use crate::time::Timestamp;

/// An answer of docker that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not of this shape.
    #[error("the answer of `{command}` cannot be read: {source}")]
    Shape {
        /// What was asked.
        command: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A word that no version known here uses.
    #[error("the answer of `{command}` has an unknown {what}: {word:?}")]
    Word {
        /// What was asked.
        command: &'static str,
        /// What the word stands for.
        what: &'static str,
        /// The word.
        word: String,
    },
}

const INSPECT: &str = "docker inspect";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawContainer {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    image: String,
    #[serde(default)]
    restart_count: u64,
    state: RawState,
    #[serde(default)]
    config: RawConfig,
    #[serde(default)]
    host_config: RawHostConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawState {
    status: String,
    #[serde(default)]
    restarting: bool,
    #[serde(default)]
    exit_code: i32,
    #[serde(default, rename = "OOMKilled")]
    oom_killed: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    started_at: String,
    #[serde(default)]
    health: Option<RawHealth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawHealth {
    status: String,
    #[serde(default)]
    failing_streak: u64,
    #[serde(default)]
    log: Option<Vec<RawCheck>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawCheck {
    #[serde(default)]
    start: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawConfig {
    #[serde(default)]
    image: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    healthcheck: Option<RawHealthCheck>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawHealthCheck {
    #[serde(default)]
    test: Option<Vec<String>>,
    #[serde(default)]
    interval: u64,
    #[serde(default)]
    timeout: u64,
    #[serde(default)]
    retries: u32,
    #[serde(default)]
    start_period: u64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawHostConfig {
    #[serde(default)]
    restart_policy: RawRestartPolicy,
    #[serde(default)]
    port_bindings: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawRestartPolicy {
    #[serde(default)]
    name: String,
    #[serde(default)]
    maximum_retry_count: u32,
}

/// Reads the output of `docker inspect --type container ID…`.
///
/// # Errors
/// When it is not JSON of that shape, or has a status, health or restart policy that is not known.
pub fn read_containers(json: &[u8]) -> Result<Vec<Container>, ReadError> {
    let raw: Vec<RawContainer> =
        serde_json::from_slice(json).map_err(|source| ReadError::Shape { command: INSPECT, source })?;
    raw.into_iter().map(convert).collect()
}

/// Reads what the command `observe` prints: the time of the host, and the containers, one a line.
///
/// # Errors
/// As [`read_containers`].
pub fn read_observed(output: &[u8]) -> Result<(Timestamp, Vec<Container>), ReadError> {
    let text = std::str::from_utf8(output).unwrap_or_default();
    let (time, rest) = text.split_once('\n').unwrap_or((text, ""));
    let at = time_of(time.trim()).ok_or_else(|| unknown("time", time))?;
    let shape = |source| ReadError::Shape { command: INSPECT, source };
    let raw: Result<Vec<RawContainer>, _> = serde_json::Deserializer::from_str(rest).into_iter().collect();
    let containers: Result<Vec<Container>, _> = raw.map_err(shape)?.into_iter().map(convert).collect();
    Ok((at, containers?))
}

/// Seconds since 1970 with a fraction, which some hosts cannot tell: they print its name.
fn time_of(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: u64 = seconds.parse().ok()?;
    let is_known = fraction.len() >= 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let micros: u64 = if is_known { fraction[..6].parse().ok()? } else { 0 };
    Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000).saturating_add(micros)))
}

fn convert(raw: RawContainer) -> Result<Container, ReadError> {
    let RawContainer { id, name, image, restart_count, state, config, host_config } = raw;
    let said = ContainerStatus::read(&state.status).ok_or_else(|| unknown("status", &state.status))?;
    let is_between = said == ContainerStatus::Running && state.restarting;
    let status = if is_between { ContainerStatus::Restarting } else { said };
    let labels = config.labels.unwrap_or_default();
    let label = |key: &str| labels.get(key).cloned();
    let one_off = label("com.docker.compose.oneoff").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let kind = match host_config.restart_policy.name.as_str() {
        "" | "no" => RestartKind::No,
        "on-failure" => RestartKind::OnFailure,
        "always" => RestartKind::Always,
        "unless-stopped" => RestartKind::UnlessStopped,
        other => return Err(unknown("restart policy", other)),
    };
    Ok(Container {
        id,
        name: name.trim_start_matches('/').to_owned(),
        project: label("com.docker.compose.project"),
        service: label("com.docker.compose.service"),
        config_hash: label("com.docker.compose.config-hash"),
        is_one_off: one_off || labels.contains_key("com.docker.compose.hook"),
        image: config.image,
        image_id: image,
        status,
        exit_code: state.exit_code,
        is_oom_killed: state.oom_killed,
        error: state.error,
        started_at: read_time(&state.started_at),
        health: state.health.map(read_health).transpose()?.flatten(),
        restart_count,
        restart: RestartPolicy { kind, max_retries: host_config.restart_policy.maximum_retry_count },
        health_check: config.healthcheck.and_then(|check| read_check(&check)),
        publishes_ports: host_config.port_bindings.is_some_and(|ports| ports.values().any(|port| !port.is_null())),
    })
}

fn unknown(what: &'static str, word: &str) -> ReadError {
    ReadError::Word { command: INSPECT, what, word: word.to_owned() }
}

fn read_health(raw: RawHealth) -> Result<Option<Health>, ReadError> {
    let status = match raw.status.as_str() {
        "" | "none" => return Ok(None),
        "starting" => HealthStatus::Starting,
        "healthy" => HealthStatus::Healthy,
        "unhealthy" => HealthStatus::Unhealthy,
        other => return Err(unknown("health", other)),
    };
    let checks = raw.log.unwrap_or_default();
    let last_check = checks.iter().filter_map(|check| read_time(&check.start)).max();
    Ok(Some(Health { status, failing_streak: raw.failing_streak, last_check }))
}

/// The engine's defaults: every 30 s, 30 s each, 3 times.
fn read_check(raw: &RawHealthCheck) -> Option<HealthCheck> {
    let first = raw.test.as_deref().unwrap_or_default().first()?;
    let or = |nanos: u64, default| if nanos == 0 { default } else { Duration::from_nanos(nanos) };
    let half_minute = Duration::from_secs(30);
    (first != "NONE").then(|| HealthCheck {
        interval: or(raw.interval, half_minute),
        timeout: or(raw.timeout, half_minute),
        retries: if raw.retries == 0 { 3 } else { raw.retries },
        start_period: Duration::from_nanos(raw.start_period),
    })
}

/// An RFC 3339 time with any offset. The engine's "never" (year 1) and what cannot be read are `None`.
pub(super) fn read_time(text: &str) -> Option<Timestamp> {
    if let Some(utc) = text.strip_suffix(['Z', 'z']) {
        return utc_time(utc);
    }
    // `…T10:00:00.5+02:00`: the sign that follows the time of day.
    let sign = text.rfind(['+', '-']).filter(|at| *at > "2000-01-01T".len())?;
    let (local, offset) = text.split_at(sign);
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<u64>().ok()?.checked_mul(3_600)?.checked_add(minutes.parse::<u64>().ok()? * 60)?;
    let micros = utc_time(local)?.as_micros();
    let shift = seconds.checked_mul(1_000_000)?;
    let utc = if offset.starts_with('+') { micros.checked_sub(shift) } else { micros.checked_add(shift) };
    utc.map(Timestamp::from_micros)
}

fn utc_time(text: &str) -> Option<Timestamp> {
    humantime::parse_rfc3339(&format!("{text}Z")).ok().map(Timestamp::from_system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_the_engine_has() {
        let time = |text: &str| read_time(text).map(|time| time.to_string());
        let is = |text: &str| Some(text.to_owned());
        for (text, wanted) in [
            ("2026-11-28T14:00:00.123456789Z", is("2026-11-28T14:00:00.123456Z")),
            ("2026-11-28T14:00:00Z", is("2026-11-28T14:00:00.000000Z")),
            ("2026-11-28T14:00:00.5+02:00", is("2026-11-28T12:00:00.500000Z")),
            ("2026-11-28T14:00:00-01:30", is("2026-11-28T15:30:00.000000Z")),
            ("0001-01-01T00:00:00Z", None),
            ("", None),
            ("soon", None),
            ("2026-11-28", None),
            ("2026-11-28T14:00:00+99999999999999999999:00", None),
        ] {
            assert_eq!(time(text), wanted, "{text}");
        }
    }
}
