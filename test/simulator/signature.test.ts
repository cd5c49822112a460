import webhooks from "twilio/lib/webhooks/webhooks.js";
import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { sign, signedUrl, type Fields } from "../../src/simulator/signature.ts";

// The rule is twilio.com/docs/usage/security; the other side is Twilio's own SDK.

describe("the signature", () => {
  test("is the one in Twilio's documentation for the documentation's request", () => {
    const fields: Fields = [
      ["CallSid", "CA1234567890ABCDE"],
      ["Caller", "+12349013030"],
      ["Digits", "1234"],
      ["From", "+12349013030"],
      ["To", "+18005551212"],
    ];
    expect(sign("https://mycompany.com/myapp.php?foo=1&bar=2", fields, "12345")).toBe(
      "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
    );
  });

  test("is accepted by Twilio's SDK whatever the fields are", () => {
    const name = fc.stringMatching(/^[A-Za-z]{1,12}$/u);
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.string()),
        fc.webUrl({ withQueryParameters: true }),
        (form, anyUrl) => {
          const url = signedUrl(anyUrl);
          const signature = sign(url, Object.entries(form), "secret");
          expect(webhooks.validateRequest("secret", signature, url, form)).toBe(true);
        },
      ),
    );
  });

  test("sorts names by case, and takes each value of a repeated name once", () => {
    const repeated: Fields = [
      ["b", "2"],
      ["b", "1"],
      ["b", "2"],
      ["B", "0"],
    ];
    const signature = sign("http://x.test/", repeated, "secret");
    expect(
      webhooks.validateRequest("secret", signature, "http://x.test/", { B: "0", b: ["2", "1", "2"] }),
    ).toBe(true);
  });

  test("covers neither the fragment nor credentials, nor the port over HTTPS", () => {
    expect(signedUrl("https://me:secret@x.test:8443/voice?a=1#rc=2")).toBe("https://x.test/voice?a=1");
    expect(signedUrl("http://x.test:3000/voice")).toBe("http://x.test:3000/voice");
  });
});
