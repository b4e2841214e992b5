//! Directories with one rule broken each: the conformance suite must notice every one of them, and each of its cases must notice
//! one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use imt_core::store::MemoryStore;
use imt_core::testkit::directory_suite::{self, Servers};

mod incoming;
mod looks;
mod people;
mod projects;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    AdmissionIgnored,
    IssuersIgnored,
    FirstProfileStays,
    EverySignInMakes,
    DisablingDoesNothing,
    SignInEnables,
    LastAdministratorGoes,
    PagesEndEarly,
    UnverifiedCounts,
    CodesStay,
    KindsIgnored,
    ExpiryIgnored,
    NothingForgotten,
    IdleIgnored,
    SeenAlways,
    SeenNever,
    CloseKeeps,
    ScopesWiden,
    RevokedStays,
    TokensLast,
    SettingsForgotten,
    SecretsForgotten,
    SecretsOutlive,
    TakenNamesPass,
    StrangersSee,
    DisabledSee,
    StatesIgnored,
    VersionsIgnored,
    ArchivedForEver,
    FirstSecretStays,
    SecretNotWithProject,
    BoundsUnchecked,
    RolesForgotten,
    LastOwnerGoes,
    RepeatsAreNews,
    BodiesIgnored,
    NewestFirst,
    RenewalsForgotten,
    EveryProjectTaken,
    StaleSettles,
    AgainAtOnce,
    OldestFirst,
    ReplaysUncounted,
    NothingPruned,
    FoundAgain,
    PushBackKnown,
    FoundAtAnyTime,
    OlderReplaces,
    LeasesIgnored,
    LooksRepeat,
    SinceMoves,
    HeadsUnnoted,
    FailureHidden,
    ReportedGoesBack,
    RepositoryIgnored,
    DeedsUnwritten,
    RefusedIsWritten,
    ProjectsIgnored,
}

/// Which case notices which flaw.
const CAUGHT_BY: &[(Flaw, &str)] = &[
    (Flaw::AdmissionIgnored, "a_stranger_is_admitted_as_it_is_said"),
    (Flaw::IssuersIgnored, "who_is_known_is_known_by_identity_alone"),
    (Flaw::FirstProfileStays, "who_is_known_is_known_by_identity_alone"),
    (Flaw::EverySignInMakes, "sign_ins_at_once_make_one_user"),
    (Flaw::DisablingDoesNothing, "a_disabled_user_stays_outside"),
    (Flaw::SignInEnables, "a_disabled_user_stays_outside"),
    (Flaw::LastAdministratorGoes, "the_last_administrator_stays"),
    (Flaw::PagesEndEarly, "users_are_listed_in_pages"),
    (Flaw::UnverifiedCounts, "users_are_found_by_a_verified_address"),
    (Flaw::CodesStay, "a_code_is_taken_once"),
    (Flaw::KindsIgnored, "a_code_is_good_for_its_kind_and_time"),
    (Flaw::ExpiryIgnored, "a_code_is_good_for_its_kind_and_time"),
    (Flaw::NothingForgotten, "codes_that_are_over_are_forgotten"),
    (Flaw::IdleIgnored, "a_session_ends_idle_or_at_its_time"),
    (Flaw::SeenAlways, "a_session_is_seen_once_a_minute"),
    (Flaw::SeenNever, "a_session_is_seen_once_a_minute"),
    (Flaw::CloseKeeps, "sessions_are_listed_and_closed"),
    (Flaw::SeenNever, "the_session_unused_longest_makes_way"),
    (Flaw::ScopesWiden, "a_token_is_known_by_its_hash"),
    (Flaw::RevokedStays, "tokens_are_listed_and_revoked"),
    (Flaw::TokensLast, "tokens_have_an_end"),
    (Flaw::SettingsForgotten, "a_project_is_made_with_its_owner"),
    (Flaw::SecretsForgotten, "a_project_is_made_with_its_secrets"),
    (Flaw::SecretsOutlive, "secrets_go_with_the_settings_they_are_for"),
    (Flaw::TakenNamesPass, "a_name_is_taken_once"),
    (Flaw::StrangersSee, "access_tells_strangers_nothing"),
    (Flaw::DisabledSee, "access_tells_strangers_nothing"),
    (Flaw::StatesIgnored, "projects_are_listed_by_name"),
    (Flaw::VersionsIgnored, "settings_are_set_by_whoever_saw_them"),
    (Flaw::ArchivedForEver, "projects_go_into_the_archive_and_back"),
    (Flaw::FirstSecretStays, "secrets_are_set_and_never_listed"),
    (Flaw::SecretNotWithProject, "secrets_are_set_and_never_listed"),
    (Flaw::BoundsUnchecked, "what_breaks_a_rule_is_refused"),
    (Flaw::RolesForgotten, "members_are_set_and_listed"),
    (Flaw::PagesEndEarly, "members_are_set_and_listed"),
    (Flaw::LastOwnerGoes, "the_last_owner_stays"),
    (Flaw::RepeatsAreNews, "a_delivery_is_kept_once"),
    (Flaw::RepeatsAreNews, "a_delivery_at_once_is_kept_once"),
    (Flaw::BodiesIgnored, "a_body_counts_once_whatever_is_above_it"),
    (Flaw::NewestFirst, "deliveries_are_taken_oldest_first"),
    (Flaw::LeasesIgnored, "deliveries_are_taken_oldest_first"),
    (Flaw::RenewalsForgotten, "a_renewed_claim_is_kept"),
    (Flaw::EveryProjectTaken, "deliveries_of_some_projects_are_left"),
    (Flaw::StaleSettles, "a_stale_claim_settles_nothing"),
    (Flaw::AgainAtOnce, "what_is_to_be_tried_again_waits"),
    (Flaw::OldestFirst, "deliveries_are_listed_newest_first"),
    (Flaw::ReplaysUncounted, "a_replay_opens_it_again"),
    (Flaw::StaleSettles, "a_replay_opens_it_again"),
    (Flaw::NothingPruned, "settled_deliveries_are_pruned"),
    (Flaw::FoundAgain, "a_missed_push_is_kept_once"),
    (Flaw::RepeatsAreNews, "the_delivery_of_a_found_push_is_no_news"),
    (Flaw::PushBackKnown, "a_push_back_is_found"),
    (Flaw::FoundAgain, "a_push_that_is_known_is_not_found"),
    (Flaw::FoundAgain, "found_and_delivered_at_once_is_one_news"),
    (Flaw::FoundAtAnyTime, "what_a_later_push_replaced_is_not_found"),
    (Flaw::OlderReplaces, "the_newest_status_is_reported"),
    (Flaw::LeasesIgnored, "statuses_come_in_order"),
    (Flaw::AgainAtOnce, "what_was_not_sent_waits"),
    (Flaw::LeasesIgnored, "a_report_has_one_holder"),
    (Flaw::NothingPruned, "settled_reports_are_pruned"),
    (Flaw::LooksRepeat, "looks_are_taken_in_turn"),
    (Flaw::AgainAtOnce, "a_look_that_failed_rests"),
    (Flaw::SinceMoves, "a_look_knows_since_when"),
    (Flaw::HeadsUnnoted, "noted_heads_are_known"),
    (Flaw::FailureHidden, "how_a_report_went_is_told"),
    (Flaw::ReportedGoesBack, "what_is_reported_only_grows"),
    (Flaw::RepositoryIgnored, "projects_are_found_by_their_repository"),
    (Flaw::PagesEndEarly, "projects_of_a_repository_are_read_in_pages"),
    (Flaw::ArchivedForEver, "projects_of_a_repository_are_read_in_pages"),
    (Flaw::DeedsUnwritten, "every_deed_is_written"),
    (Flaw::RefusedIsWritten, "what_changes_nothing_is_not_written"),
    (Flaw::ProjectsIgnored, "the_log_is_read_in_pages"),
    (Flaw::PagesEndEarly, "the_log_is_read_in_pages"),
];

/// Whether a directory with this flaw passes a case. Time is virtual, so that waiting in vain costs nothing.
async fn passes(flaw: Flaw, case: &str) -> bool {
    let case = *directory_suite::cases().iter().find(|c| c.name == case).unwrap_or_else(|| panic!("no case {case}"));
    let mutant = Arc::new(Mutant { flaw, inner: MemoryStore::new(), counter: AtomicU64::new(0) });
    tokio::spawn(async move { case.run(Servers::new(Arc::clone(&mutant) as _, mutant)).await }).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn every_flaw_is_noticed_by_its_case() {
    let mut missed = Vec::new();
    for (flaw, case) in CAUGHT_BY {
        if passes(*flaw, case).await {
            missed.push(format!("{flaw:?} by {case}"));
        }
    }
    assert!(missed.is_empty(), "not noticed: {missed:#?}");
}

/// Otherwise the table above would prove nothing: it must be the flaw that is noticed, not the wrapper.
#[tokio::test(start_paused = true)]
async fn every_case_passes_without_flaw_and_notices_one() {
    let noticing: BTreeSet<&str> = CAUGHT_BY.iter().map(|(_, case)| *case).collect();
    for case in directory_suite::cases() {
        assert!(noticing.contains(case.name), "{} has never been seen to fail", case.name);
        assert!(passes(Flaw::None, case.name).await, "{}", case.name);
    }
}

/// A good directory with one rule broken.
struct Mutant {
    flaw: Flaw,
    inner: MemoryStore,
    counter: AtomicU64,
}

impl Mutant {
    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn count(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A page that says it is the last one, under the flaw.
    fn page<T, C>(&self, mut page: imt_core::directory::Page<T, C>) -> imt_core::directory::Page<T, C> {
        if self.is(Flaw::PagesEndEarly) {
            page.next = None;
        }
        page
    }

    fn lease(&self, lease: std::time::Duration) -> std::time::Duration {
        if self.is(Flaw::LeasesIgnored) { std::time::Duration::ZERO } else { lease }
    }
}
