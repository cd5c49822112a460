import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ADMIN } from "../console/console-line.ts";
import { launchBrowser } from "../support/browser.ts";
import { furnishConsole } from "./console-rooms.ts";

/** Pictures of every page of the console, to be looked at: `node test/browser/console-pictures.ts FOLDER [NAME…]`. */
const [folder, ...wanted] = process.argv.slice(2);
if (folder === undefined) throw new Error("Name the folder that the pictures go to.");
mkdirSync(folder, { recursive: true });

const LOOKS = (["light", "dark"] as const).flatMap((colorScheme) =>
  [1280, 390].map((width) => ({ colorScheme, viewport: { width, height: 900 } })),
);

const { line, paths } = await furnishConsole();
for (let index = 0; index < 60; index++) {
  const call = line.call({ from: `+1415555${2000 + index}` });
  line.clock.now += 37_000;
  await call.begin();
  await call.press(index % 4 === 0 ? "2" : "1");
}
const browser = await launchBrowser();
for (const look of LOOKS) {
  const context = await browser.newContext({ locale: "en-US", timezoneId: "America/New_York", ...look });
  const page = await context.newPage();
  const picture = (name: string) =>
    page.screenshot({
      path: join(
        folder,
        `${name.replaceAll(/\W+/g, "-").toLowerCase()}-${look.viewport.width}-${look.colorScheme}.png`,
      ),
      fullPage: true,
    });
  await page.goto(`${line.url}/console`);
  await picture("Sign-in");
  await page.getByLabel("E-mail address").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/console\/(?!sign-in)/);
  for (const [name, path] of Object.entries(paths)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await page.goto(line.url + path);
    await picture(name);
    if (!name.startsWith("Evidence") || look.colorScheme === "dark") continue;
    await page.pdf({
      path: join(folder, `${name.toLowerCase().replaceAll(" ", "-")}.pdf`),
      format: "A4",
      preferCSSPageSize: true,
    });
  }
  await context.close();
}
await browser.close();
await line.stop();
process.exit(0);
