// What happens in the story to a real host: it is deployed to, gets a version that does not work, and goes back, by itself and
// by hand.
import { standsAt, tell } from "./deeds.mjs";
import { until } from "./browser.mjs";
import { PHONE } from "./looks.mjs";
import { PICTURE } from "./pictures.mjs";

async function setTarget(story) {
  const { page, services } = story;
  const { host, port, key, fingerprint } = services.host;
  await page.goto("/projects/shop/deployments");
  await page.getByText("Nothing was deployed yet").waitFor();
  await story.look("no-deployment");
  await page.getByRole("link", { name: "Set a target" }).click();
  await page.getByLabel("Host", { exact: true }).fill(host);
  await page.getByLabel("Port").fill(port);
  await page.getByLabel("User", { exact: true }).fill("root");
  const set = page.getByRole("button", { name: "Save target", exact: true });
  if (await set.isEnabled())
    throw new Error("a target can be set without the key of its host being confirmed");
  await page.getByRole("button", { name: "Show the keys that it offers" }).click();
  await page.getByRole("radio", { name: fingerprint }).check();
  await page.getByLabel("Private key of that user").fill(key);
  await page.getByLabel("Registry").fill(services.registry);
  await story.look("target");
  await set.click();
  await page.getByText(`root@${host}:${port}`).waitFor();
  await page.goto("/projects/shop/settings/secrets");
  await page.getByText("target_key/production").waitFor();
  await story.look("secrets");
  if ((await page.content()).includes(key.split("\n")[1])) throw new Error("the page of secrets shows one");
}

/** Pushes, and goes in both browsers to the deployment that comes of it. */
async function pushed(story, number, message, version) {
  const { page, second, shop } = story;
  await tell(story, "main", shop.release(message, version));
  await page.goto("/projects/shop/deployments");
  await second.goto("/projects/shop/deployments");
  for (const each of [page, second]) {
    await each.getByRole("link", { name: new RegExp(`^#${number} `) }).click();
    await each.waitForURL(`**/deployments/${number}`);
  }
  return [page, second];
}

function step(page, name) {
  const steps = page.locator("section").filter({ has: page.getByRole("heading", { name: "Steps" }) });
  return steps.getByRole("listitem").filter({ hasText: name });
}

/** A service as the page has it while its health is watched, and afterwards. */
function service(page, whose, name) {
  return page
    .getByRole("list", { name: `Services of the ${whose}` })
    .getByRole("listitem")
    .filter({ hasText: name });
}

async function serves(story, version) {
  await until(`version ${version} is what visitors see`, async () => {
    const page = await story.shop.page().catch(() => "");
    return page === `Welcome to the shop (version ${version})`;
  });
}

/** It stands still in its migration until both have seen how far it is; then it goes on under their eyes. */
async function deploy(story) {
  const both = await pushed(story, 1, "open the shop", { version: 1 });
  for (const each of both) {
    await standsAt(each, "deploying");
    await step(each, "hooks_before").waitFor();
    await each.getByRole("log").getByText("orders: a column for vouchers").waitFor();
  }
  await story.look("deploying");
  const isLeft = await story.page.getByRole("button", { name: "Jump to newest" }).count();
  if (isLeft > 0) throw new Error("a log is not followed any more once its window had another size");
  await story.pictures.take(story.page, "deployment-dark", PICTURE, "dark");
  story.gates.open("migration-1");
  for (const each of both) {
    await standsAt(each, "succeeded");
    await each.getByRole("log").getByText("orders: 3 rows, migrated to version 1").waitFor();
  }
  await serves(story, 1);
  await story.look("deployed");
}

async function deployAnother(story) {
  story.gates.open("migration-2");
  const [page] = await pushed(story, 2, "take vouchers", { version: 2 });
  await standsAt(page, "succeeded");
  await serves(story, 2);
}

/** How each service stands is seen while it happens, before anything has ended. */
async function seesItFail(page) {
  await service(page, "release that is deployed", "web")
    .getByText(/^(starting|unhealthy)/)
    .waitFor();
  await standsAt(page, "deploying");
}

async function breakIt(story) {
  story.gates.open("migration-3");
  const both = await pushed(story, 3, "new prices", { version: 3, isBroken: true });
  await Promise.all(both.map((each) => seesItFail(each)));
  for (const each of both) {
    await standsAt(each, "rolled back");
    await service(each, "release that is deployed", "web")
      .getByText(/^unhealthy/)
      .waitFor();
    await service(each, "release that is deployed", "worker").waitFor();
    await service(each, "release that is put back", "web")
      .getByText(/^healthy$/)
      .waitFor();
    const evidence = each.getByRole("region", { name: "Services that are not well" });
    await evidence
      .getByRole("article")
      .filter({ hasText: "web" })
      .getByText(/unhealthy|health/)
      .first()
      .waitFor();
  }
  await serves(story, 2);
  await story.look("rolled-back");
  await story.pictures.take(story.page, "rolled-back", PICTURE, "light");
}

async function rollBackByHand(story) {
  const { page, second } = story;
  for (const each of [page, second]) await each.goto("/projects/shop/deployments");
  await page.getByRole("button", { name: "Compare" }).first().click();
  await page.getByRole("dialog").getByText("web: environment.SHOP_VERSION").waitFor();
  await story.look("compare");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Roll back" }).click();
  const dialog = page.getByRole("dialog", { name: /^Roll production back to [0-9a-f]{8}$/ });
  await dialog.getByText("Data is not rolled back").waitFor();
  await story.look("roll-back");
  await dialog.getByRole("button", { name: "Roll back" }).click();
  await page.waitForURL("**/deployments/4");
  await second.getByRole("link", { name: /^#4 / }).click();
  for (const each of [page, second]) await standsAt(each, "succeeded");
  await serves(story, 1);
  await page.goto("/projects/shop/deployments");
  await page.getByRole("listitem").filter({ hasText: "live" }).first().waitFor();
  await story.look("deployments");
  await story.pictures.take(page, "phone", PHONE, "light");
  await page.goto("/");
  await page.getByRole("link", { name: /production/ }).waitFor();
  await story.look("projects");
  await story.pictures.take(page, "projects", PICTURE, "light");
  await page.goto("/projects/shop");
  await page.getByRole("link", { name: "#5 succeeded" }).waitFor();
  await story.look("project");
}

export const DEPLOYING = {
  "set a target, with the key of its host confirmed": setTarget,
  "deploy, and watch it in two browsers": deploy,
  "deploy the next version": deployAnother,
  "break it: it is rolled back, with evidence": breakIt,
  "roll back by hand": rollBackByHand,
  "the pictures of the documentation are as the pages are": ({ pictures, browsers }) =>
    pictures.check(browsers),
};
