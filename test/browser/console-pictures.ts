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
await fortnight();
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
  await page.screenshot({ path: join(folder, `first-${look.viewport.width}-${look.colorScheme}.png`) });
  for (const [name, path] of Object.entries(paths)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await page.goto(line.url + path);
    await picture(name);
    if (name === "One subscriber") {
      await page.getByLabel("Reason").fill("Asked on the phone");
      await page.getByRole("button", { name: "Withdraw …" }).click();
      await page.getByRole("heading", { name: /Withdraw/ }).waitFor();
      await picture("Withdrawal");
    }
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

/** Two weeks of callers who do what callers do, the same at every run; every third one calls the hotel, in English. */
async function fortnight(): Promise<void> {
  const ways = ["1", "1", "1", "2", "1", "91", "", "1", "777", "1", "2", "0", "1", "1"];
  for (let day = 0, n = 0; day < 14; day++) {
    line.clock.now += 24 * 60 * 60 * 1000;
    const morning = line.clock.now;
    for (let calls = 14 + ((day * 5) % 9); calls > 0; calls--, n++) {
      line.clock.now += 7 * 60 * 1000;
      const hotel = n % 3 === 0;
      const again = n >= 24 && n % 14 === 3;
      const person = 2_000 + (again ? n - 24 : n);
      const call = line.call({
        from: hotel ? `+3460011${person}` : `+1415555${person}`,
        ...(hotel ? { to: "+34915550100" } : {}),
        fields: { StirVerstat: `TN-Validation-Passed-${"AABC"[n % 4]}` },
      });
      await call.begin();
      const way = again ? "2" : (ways[n % ways.length] ?? "");
      for (const key of hotel && way !== "" ? `2${way}${n % 2 === 0 ? "1" : "2"}` : way)
        if (call.action() !== "") await call.press(key);
      await call.post("/voice/status", {
        CallStatus: "completed",
        CallDuration: String(18 + ((n * 13) % 60)),
        SequenceNumber: "4",
      });
    }
    if (day < 13) line.clock.now = morning;
  }
}
