//! What becomes of somebody whom a provider vouches for: let in, made an administrator, or sent away.

use imt_core::directory::{Admission, CodeKind, Deed, Identity, Profile, SecretHash, SignIn, User};
use imt_core::ports::{Directory, StoreResult};

use super::{Claims, ProviderSettings};
use crate::handout::local_user;
use crate::http::{Answer, Code, Problem};
use crate::state::Server;

/// How many users are looked through at a time.
const PIECE: usize = 200;

/// Whether nobody who can sign in at a provider is an administrator. The one user of a server without providers cannot: where a
/// provider came later, he does not count.
pub(crate) async fn needs_administrator(directory: &dyn Directory) -> StoreResult<bool> {
    if !directory.has_administrator().await? {
        return Ok(true);
    }
    let (local, _) = local_user();
    let mut after = None;
    loop {
        let page = directory.users(after, PIECE).await?;
        let counts = |user: &User| user.is_admin && user.disabled_at.is_none() && user.identity.issuer != local.issuer;
        if page.items.iter().any(counts) {
            return Ok(false);
        }
        after = page.next;
        if after.is_none() {
            return Ok(true);
        }
    }
}

/// Lets somebody in, or does not; with a set-up code as an administrator. Nothing is spent or made by whoever is sent away.
pub(crate) async fn admit(
    server: &Server,
    provider: &ProviderSettings,
    claims: Claims,
    set_up: Option<SecretHash>,
    by: &Deed,
) -> Answer<User> {
    if !provider.admits(claims.email.as_ref()) {
        let detail = "this server lets in only whoever has a verified e-mail address of certain domains: \
                      use another account, or ask its operator";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let identity = Identity { issuer: provider.issuer.clone(), subject: claims.subject };
    let profile = Profile { email: claims.email, name: claims.name };
    let Some(code) = set_up else {
        return let_in(server.directory().sign_in(&identity, &profile, Admission::AsUser, by).await?);
    };
    // Who is disabled is found out before the code is spent.
    let known = server.directory().sign_in(&identity, &profile, Admission::KnownOnly, by).await?;
    if let SignIn::Disabled(_) = known {
        return let_in(known);
    }
    spend(server, code, by).await?;
    let user = let_in(server.directory().sign_in(&identity, &profile, Admission::AsAdministrator, by).await?)?;
    if !user.is_admin {
        server.directory().set_administrator(user.id, true, by).await?;
    }
    Ok(user)
}

fn let_in(signed_in: SignIn) -> Answer<User> {
    let gone = || Problem::new(Code::Forbidden, "this user may not sign in any more: ask an administrator");
    signed_in.admitted().ok_or_else(gone)
}

/// Takes the set-up code: once, and only while there is no administrator, as another code may have been printed before.
async fn spend(server: &Server, code: SecretHash, by: &Deed) -> Answer<()> {
    must_be_open(server).await?;
    let taken = server.directory().take_code(CodeKind::SetUp, code, by.at).await?;
    let gone = "this set-up code was used already, or is too old: a new one is printed when the server starts";
    taken.map(|_| ()).ok_or_else(|| Problem::new(Code::Forbidden, gone))
}

/// Whether there is anything to set up.
pub(crate) async fn must_be_open(server: &Server) -> Answer<()> {
    if needs_administrator(server.directory()).await? {
        return Ok(());
    }
    let detail = "this server has an administrator, and its set-up code is worth nothing any more: sign in without it";
    Err(Problem::new(Code::Conflict, detail))
}
