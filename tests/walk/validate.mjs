// Reads pages as lines of JSON, {"address", "html"}, and answers each with a line: what html-validate says of it.
import { createInterface } from "node:readline";
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  root: true,
  // Accessibility is axe's business, which sees the page as it is drawn.
  extends: ["html-validate:standard"],
  rules: {
    // How the source is laid out is no reader's business.
    "no-trailing-whitespace": "off",
    "void-style": "off",
    "attr-quotes": "off",
    "attribute-boolean-style": "off",
    "attribute-empty-style": "off",
    "doctype-style": "off",
    "no-raw-characters": "off",
  },
});
for await (const line of createInterface({ input: process.stdin })) {
  const page = JSON.parse(line);
  const report = await validator.validateString(page.html);
  const told = report.results.flatMap((result) => result.messages);
  const found = told.map((one) => `${one.ruleId}: ${one.message} (${one.selector ?? `line ${one.line}`})`);
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
