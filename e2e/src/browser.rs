//! A browser, as far as signing in needs one: it keeps cookies, follows redirects, and fills in forms.

use std::collections::BTreeMap;

use serde_json::Value;
use ureq::http::{Method, Request, Response, Uri};
use ureq::{Agent, Body};

use crate::wait::SOON;

/// The most redirects on one way.
const MOST_REDIRECTS: usize = 20;

/// A browser.
pub struct Browser {
    agent: Agent,
    /// By name: all of this machine, where hosts differ by their port only, which cookies do not know.
    cookies: BTreeMap<String, String>,
}

/// What it shows.
#[derive(Debug)]
pub struct Page {
    /// Where it is.
    pub address: String,
    /// Its status.
    pub status: u16,
    /// What is there.
    pub text: String,
}

impl Default for Browser {
    fn default() -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(SOON));
        Self { agent: agent.build().into(), cookies: BTreeMap::new() }
    }
}

impl Page {
    /// What is there, as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of the first attribute of this name behind a text.
    fn attribute(&self, behind: &str, name: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(behind)?;
        let (_, value) = rest.split_once(&format!("{name}=\""))?;
        value.split_once('"').map(|(value, _)| value)
    }
}

impl Browser {
    /// Opens an address, and goes on to wherever it leads.
    ///
    /// # Panics
    /// When nobody answers, or it leads around for ever.
    pub fn open(&mut self, address: &str) -> Page {
        self.go(&Method::GET, address, "")
    }

    /// Signs in by the forms of the provider of the tests as somebody, and goes on to wherever it leads.
    ///
    /// # Panics
    /// As [`open`](Self::open).
    pub fn sign_in(&mut self, address: &str, name: &str) -> Page {
        let mut page = self.open(address);
        for _ in 0..2 {
            let (Some(action), Some(prompt)) =
                (page.attribute("<form", "action"), page.attribute("name=\"prompt\"", "value"))
            else {
                return page;
            };
            let form = format!("prompt={prompt}&login={name}&password=any");
            page = self.go(&Method::POST, action, &form);
        }
        page
    }

    /// Says no at the provider.
    ///
    /// # Panics
    /// As [`open`](Self::open), and when there is no such way.
    pub fn abort(&mut self, address: &str) -> Page {
        let page = self.open(address);
        let away = page.attribute("login-help", "href").expect("a way to say no").to_owned();
        self.open(&away)
    }

    /// Calls a server from a page of its own.
    ///
    /// # Panics
    /// When nobody answers.
    pub fn call(&mut self, method: &Method, origin: &str, path: &str, body: Option<&Value>) -> Page {
        let address = format!("{origin}{path}");
        let request = Request::builder().method(method).uri(&address).header("origin", origin);
        let request = request.header("content-type", "application/json");
        let answered = self.send(request, body.map(Value::to_string).unwrap_or_default());
        Self::page(address, answered)
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    fn go(&mut self, method: &Method, address: &str, form: &str) -> Page {
        let (mut method, mut address, mut form) = (method.clone(), address.to_owned(), form.to_owned());
        for _ in 0..MOST_REDIRECTS {
            let request = Request::builder().method(&method).uri(&address);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answered = self.send(request, std::mem::take(&mut form));
            let location = answered.headers().get("location").and_then(|location| location.to_str().ok());
            let Some(location) = location.filter(|_| answered.status().is_redirection()) else {
                return Self::page(address, answered);
            };
            let here: Uri = address.parse().expect("an address");
            let authority = here.authority().expect("a host");
            let relative = location.starts_with('/').then(|| format!("http://{authority}{location}"));
            address = relative.unwrap_or_else(|| location.to_owned());
            method = Method::GET;
        }
        panic!("it is sent around, last to {address}")
    }

    fn send(&mut self, request: ureq::http::request::Builder, body: String) -> Response<Body> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; "));
        let is_read = request.method_ref().is_some_and(|method| *method == Method::GET);
        let answered = if is_read {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body).expect("a request"))
        };
        let answered = answered.unwrap_or_else(|error| panic!("nobody answers: {error}"));
        for cookie in answered.headers().get_all("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a name and a value");
            match value {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        answered
    }

    fn page(address: String, answered: Response<Body>) -> Page {
        let status = answered.status().as_u16();
        Page { address, status, text: answered.into_body().read_to_string().expect("text") }
    }
}
