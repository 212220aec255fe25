// Builds static/vendor from the npm packages named in package.json. `--renew` also rewrites the manifest of hashes.
import { build, transform } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const vendor = join(root, "static", "vendor");
const manifest = join(here, "assets.json");
const inputs = [".npmrc", "package.json", "package-lock.json", "frontend/build.mjs", "frontend/charts.js", "frontend/markdown.js", "frontend/icons.json"];
const packageFile = (...parts) => join(root, "node_modules", ...parts);
const sha256 = (content) => createHash("sha256").update(content).digest("hex");

// WhiteNoise's manifest storage refuses a file that points to a source map that is not there.
const withoutSourceMap = (text) => text.replace(/\n?(\/\*|\/\/)# sourceMappingURL=[^\n]*\n?/g, "\n");

async function put(name, content) {
  const target = join(vendor, name);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
}

async function patternfly() {
  const css = withoutSourceMap(await readFile(packageFile("@patternfly/patternfly/patternfly.min.css"), "utf8"));
  const addresses = [...css.matchAll(/url\("?\.?\/?(assets\/[^")?#]+)/g)].map((match) => match[1]);
  for (const address of new Set(addresses)) {
    await put(`patternfly/${address}`, await readFile(packageFile("@patternfly/patternfly", address)));
  }
  await put("patternfly/patternfly.min.css", css);
  // The colours of the charts, which the main file leaves out; only pages with charts load them.
  const colors = await readFile(packageFile("@patternfly/patternfly/patternfly-charts.css"), "utf8");
  await put("patternfly/patternfly-charts.min.css", (await transform(colors, { loader: "css", minify: true })).code);
}

async function alpine() {
  const script = await readFile(packageFile("@alpinejs/csp/dist/cdn.min.js"), "utf8");
  await put("alpine-csp.min.js", withoutSourceMap(script));
}

async function bundle(entry, name) {
  await build({
    entryPoints: [join(here, entry)],
    outfile: join(vendor, name),
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "eof",
    logLevel: "warning",
  });
}

async function symbol(id, icon) {
  const svg = await readFile(packageFile("@patternfly/react-icons/dist/static", `${icon}.svg`), "utf8");
  const parts = /^<svg [^>]*viewBox="([^"]+)"[^>]*>((?:<path d="[^"]+"><\/path>)+)<\/svg>\s*$/.exec(svg);
  if (!parts) throw new Error(`the icon ${icon} is not a plain drawing of paths`);
  return `<symbol id="${id}" viewBox="${parts[1]}">${parts[2]}</symbol>`;
}

async function icons() {
  const wanted = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const symbols = await Promise.all(Object.entries(wanted).map(([id, icon]) => symbol(id, icon)));
  await put("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

async function licenses() {
  await cp(packageFile("echarts/LICENSE"), join(vendor, "licenses/echarts.txt"));
  await cp(packageFile("echarts/NOTICE"), join(vendor, "licenses/echarts-notice.txt"));
  await cp(packageFile("marked/LICENSE"), join(vendor, "licenses/marked.txt"));
  await cp(packageFile("@patternfly/react-icons/LICENSE"), join(vendor, "licenses/patternfly.txt"));
}

async function hashes(folder, base) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const pairs = files.map(async (file) => [relative(base, file), sha256(await readFile(file))]);
  return Object.fromEntries((await Promise.all(pairs)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function describe() {
  const made = {};
  for (const name of inputs) made[name] = sha256(await readFile(join(root, name)));
  return { inputs: made, files: await hashes(vendor, vendor) };
}

await rm(vendor, { recursive: true, force: true });
await mkdir(vendor, { recursive: true });
await Promise.all([patternfly(), alpine(), bundle("charts.js", "echarts.min.js"), bundle("markdown.js", "markdown.min.js"), icons(), licenses()]);
if (process.argv.includes("--renew")) {
  await writeFile(manifest, `${JSON.stringify(await describe(), null, 2)}\n`);
}
