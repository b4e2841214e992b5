// Who is who in the story: somebody signs in at a provider and is the administrator, a member sees and cannot change, a stranger
// sees nothing.
import { until } from "./browser.mjs";
import { standsAt } from "./deeds.mjs";

/** What a browser says of its own accord where a server answers with no. */
const REFUSED = /Failed to load resource: the server responded with a status of 4/;

/** Goes through the forms of the provider as somebody, back to the server. */
async function throughProvider(page, base, name) {
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("any");
  await page.locator("button[type=submit]").click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL((url) => url.origin === base);
}

export async function signInAtProvider(story) {
  const { server, browsers } = story;
  await server.start();
  const page = await browsers.open();
  story.page = page;
  await browsers.allowing(REFUSED, async () => {
    await page.goto("/projects/shop");
    await page.getByRole("link", { name: "with id" }).waitFor();
    await story.look("sign-in-at-provider");
  });
  const link = new URL(server.setUpLink);
  await page.goto(link.pathname + link.search);
  await throughProvider(page, server.base, "ann");
  await page.getByText("No project yet").waitFor();
  await page.goto("/");
  await page.getByText("No project yet").waitFor();
  await page.getByRole("link", { name: "Users" }).waitFor();
}

/** Another browser, in which somebody signs in by the page he wanted to see. */
async function signedIn({ server, browsers }, name) {
  const page = await browsers.open();
  await browsers.allowing(REFUSED, async () => {
    await page.goto("/account");
    await page.getByRole("link", { name: "with id" }).click();
    await throughProvider(page, server.base, name);
    await page.waitForURL("**/account");
  });
  await page.getByText(`Name of ${name}`).waitFor();
  return page;
}

/** What the server itself says to a call that the pages do not offer to somebody. */
function call(page, method, path, body) {
  return page.evaluate(
    async (asked) => {
      const { method, path, body } = asked;
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`/api/v1/projects/shop/${path}`, { method, headers, body });
      return answer.status;
    },
    { method, path, body: body && JSON.stringify(body) },
  );
}

async function demand(what, found, wanted) {
  if (found !== wanted) throw new Error(`${what}: ${found}, not ${wanted}`);
}

async function makeMember(story) {
  const bob = await signedIn(story, "bob");
  story.bob = bob;
  await story.look("account", bob);
  await story.browsers.allowing(REFUSED, async () => {
    await bob.goto("/projects/shop");
    await bob
      .getByText(/not found|no such project|There is no/i)
      .first()
      .waitFor();
  });
  const { page } = story;
  await page.goto("/projects/shop/settings/members");
  const set = async (address) => {
    await page.getByLabel("E-mail address").fill(address);
    await page.getByRole("button", { name: "Add member", exact: true }).click();
  };
  await story.browsers.allowing(REFUSED, async () => {
    await set("nobody@example.org");
    await page.getByText(/nobody who has signed in here has this address/).waitFor();
    await story.look("no-such-member");
  });
  await set("bob@example.org");
  await page
    .getByRole("listitem")
    .filter({ hasText: "bob@example.org" })
    .getByText(/member/)
    .waitFor();
  await story.look("members");
}

async function member(story) {
  const { bob, browsers } = story;
  await bob.goto("/");
  await bob.getByRole("link", { name: "shop", exact: true }).click();
  await bob.getByRole("button", { name: "Run" }).waitFor();
  for (const name of ["Settings", "Audit"]) {
    await demand(`a way to ${name}`, await bob.getByRole("link", { name, exact: true }).count(), 0);
  }
  await demand("a button Deploy", await bob.getByRole("button", { name: "Deploy" }).count(), 0);
  await bob.getByRole("link", { name: "Deployments" }).click();
  await bob.getByRole("button", { name: "Compare" }).first().waitFor();
  await story.look("member-deployments", bob);
  for (const name of ["Roll back", "Put there again"]) {
    await demand(`a button ${name}`, await bob.getByRole("button", { name }).count(), 0);
  }
  await bob.goto("/projects/shop/deployments/3");
  await standsAt(bob, "rolled back");
  for (const name of [/^Roll /, /^Put .*again$/, "Deploy again"]) {
    await demand(`a button ${name}`, await bob.getByRole("button", { name }).count(), 0);
  }
  await bob.goto("/projects/shop/settings");
  await bob.getByText("Settings are the owners' business").waitFor();
  await story.look("member-settings", bob);
  await browsers.allowing(REFUSED, async () => {
    const back = await call(bob, "POST", "deployments/rollback", { environment: "production" });
    await demand("a member who rolls back", back, 403);
    await demand("a member who looks at secrets", await call(bob, "GET", "secrets"), 403);
  });
}

async function stranger(story) {
  const { browsers, page } = story;
  const eve = await signedIn(story, "eve");
  await eve.goto("/");
  await eve.getByText("No project yet").waitFor();
  await browsers.allowing(REFUSED, async () => {
    for (const path of ["", "/deployments", "/deployments/1", "/pipelines/1", "/settings"]) {
      await eve.goto(`/projects/shop${path}`);
      await eve
        .getByText(/not found|no such project|There is no/i)
        .first()
        .waitFor();
      await demand("what a stranger reads of a project", await eve.getByText("Welcome").count(), 0);
    }
    await story.look("stranger", eve);
    const back = await call(eve, "POST", "deployments/rollback", { environment: "production" });
    await demand("a stranger who rolls back", back, 404);
    await eve.goto("/users");
    await eve.getByText("nothing that you may see").waitFor();
    await story.look("stranger-users", eve);
  });
  await page.goto("/users");
  await page.getByText("Name of eve").waitFor();
  await story.look("users");
  for (const path of ["/audit", "/projects/shop/audit"]) {
    await page.goto(path);
    await until("the audit log is there", async () => (await page.getByRole("listitem").count()) > 3);
    await story.look(path.split("/").join("-").slice(1));
  }
}

export const PEOPLE = {
  "somebody is made a member": makeMember,
  "the member has no rights but to see and to run": member,
  "a stranger sees that nothing is there": stranger,
};
