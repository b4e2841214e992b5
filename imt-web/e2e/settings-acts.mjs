// What the owner of a project sets in the story, beside the target and the members.

const VALUE = "sesame-of-the-story";

async function setVariable(page, name, value, isSecret) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Value").fill(value);
  await page.getByLabel("Secret", { exact: true }).setChecked(isSecret);
  await page.getByRole("button", { name: "Save variable", exact: true }).click();
  await page.getByRole("listitem").filter({ hasText: name }).waitFor();
}

async function variables(story) {
  const { page } = story;
  await page.goto("/projects/shop/settings/variables");
  await page.getByText("No variable yet").waitFor();
  await story.look("no-variable");
  await setVariable(
    page,
    "GREETING",
    "Welcome to the shop, whoever you are and wherever you come from",
    false,
  );
  await setVariable(page, "MAIL_TOKEN", VALUE, true);
  await page.reload();
  await page.getByRole("listitem").filter({ hasText: "GREETING" }).getByText("Welcome to the shop").waitFor();
  await page.getByRole("listitem").filter({ hasText: "MAIL_TOKEN" }).getByText("secret").waitFor();
  await story.look("variables");
  if ((await page.content()).includes(VALUE)) throw new Error("the page of variables shows a secret");
}

async function general(story) {
  const { page } = story;
  await page.goto("/projects/shop/settings");
  await page.getByLabel("Branches whose pushes count").fill("main, release/*");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").first().waitFor();
  await page.reload();
  const kept = await page.getByLabel("Branches whose pushes count").inputValue();
  if (kept !== "main, release/*") throw new Error(`what was saved is ${JSON.stringify(kept)}`);
  await page.getByLabel("Everybody may see how the last pipeline of a branch ended").click();
  await page.getByRole("img", { name: "The badge as it is now" }).waitFor();
  await story.look("general");
  await page.getByRole("link", { name: "Pushes" }).click();
  await page.getByText("The repository answered").waitFor();
  await story.look("pushes");
}

export const SETTINGS = {
  "set what belongs to a project": general,
  "set variables, one of them secret": variables,
};
