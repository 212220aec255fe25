// Builds static/vendor from the npm packages named in package.json. `--renew` also rewrites the manifest of hashes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { PurgeCSS } from "purgecss";
import { optimize } from "svgo";
import { minify } from "terser";
import { cut } from "./fonts.mjs";
import { withoutUnused } from "./unused.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const vendor = join(root, "static", "vendor");
const manifest = join(here, "assets.json");
const usedOfPatternfly = join(here, "patternfly.json");
const isRenewing = process.argv.includes("--renew");
const inputs = [".npmrc", "package.json", "package-lock.json", "frontend/build.mjs", "frontend/fonts.mjs", "frontend/unused.mjs", "frontend/patternfly.css", "frontend/patternfly.json", "frontend/charts.js", "frontend/markdown.js", "frontend/icons.json"];
const packageFile = (...parts) => join(root, "node_modules", ...parts);
const sha256 = (content) => createHash("sha256").update(content).digest("hex");

// WhiteNoise's manifest storage refuses a file that points to a source map that is not there.
const withoutSourceMap = (text) => text.replace(/\n?(\/\*|\/\/)# sourceMappingURL=[^\n]*\n?/g, "\n");

async function put(name, content) {
  const target = join(vendor, name);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
}

// What no template spells in one piece: `pf-m-{{ tone }}` and the like.
const glued = [
  ...["primary", "secondary", "tertiary", "link", "control", "plain", "danger", "warning", "success", "info", "custom"],
  ...["blue", "green", "grey", "orange", "orangered", "purple", "red", "teal", "yellow", "first", "prev", "next", "last"],
  ...["sm", "md", "lg", "xl", "2xl", "3xl"],
].map((name) => `pf-m-${name}`);
const gluedParts = /^pf-v6-c-(check|radio)/;
// charts.js puts these together from a colour and a step.
const gluedTokens = /^--pf-t--color--/;

// Ours are drawings, in icons.svg.
const fontsOfIcons = /@font-face\{[^}]*font-family:"?(?:Font Awesome|pf-v6-pficon)[^}]*\}/g;

// A font that comes late stays away until the next page: text that has been read once doesn't move.
const late = "font-display:fallback";

// Every class and token of `css` that element templates, scripts and our own sheets name.
async function namesInSources(css) {
  const known = new Set(css.match(/(?<=\.)pf-[\w-]+|--pf-[\w-]+/g));
  const folders = ["templates/pf", "static/css", "static/js"].map((name) => join(root, name));
  const files = (await Promise.all(folders.map((folder) => readdir(folder, { recursive: true })))).flatMap((names, at) =>
    names.filter((name) => extname(name)).map((name) => join(folders[at], name)),
  );
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const named = texts.flatMap((text) => text.match(/(?:--|\b)pf-[\w-]*[a-zA-Z0-9]/g) ?? []);
  return [...new Set(named)].filter((name) => known.has(name)).sort();
}

// Left out: rules of classes and values of tokens that nobody names. The list is kept, so that a build makes the same
// sheet whatever the templates say by then; tests/web/test_frame.py tells when `make assets` has to make it anew.
async function used(css) {
  if (isRenewing) await writeFile(usedOfPatternfly, `${JSON.stringify(await namesInSources(css), null, 1)}\n`);
  const names = [...JSON.parse(await readFile(usedOfPatternfly, "utf8")), ...glued];
  // A rule that uses the tokens, so that what they in turn are made of stays too.
  const tokens = names.filter((name) => name.startsWith("--")).map((name) => `var(${name})`);
  const using = `html{order:${tokens.join(" ")}}`;
  const [made] = await new PurgeCSS().purge({
    css: [{ raw: css + using }],
    content: [{ raw: names.join(" "), extension: "names" }],
    extractors: [{ extensions: ["names"], extractor: (text) => text.split(" ") }],
    safelist: { standard: [/^(?!pf-|fa)/, gluedParts], variables: [gluedTokens] },
    variables: true,
  });
  return made.css.replace(using, "").replaceAll(fontsOfIcons, "").replaceAll(late, "font-display:optional");
}

async function patternfly() {
  const { outputFiles } = await build({
    entryPoints: [join(here, "patternfly.css")],
    bundle: true,
    minify: true,
    write: false,
    external: ["./assets/*"],
    legalComments: "none",
    logLevel: "warning",
  });
  const read = (address) => readFile(packageFile("@patternfly/patternfly", address));
  const css = await cut(await used(outputFiles[0].text), read, (address, bytes) => put(`patternfly/${address}`, bytes));
  await put("patternfly/patternfly.min.css", css);
}

// esbuild joins and leaves out, terser makes the rest smaller than esbuild would.
async function bundle(entry, name, plugins = []) {
  const { outputFiles } = await build({
    entryPoints: [join(here, entry)],
    bundle: true,
    write: false,
    minifySyntax: true,
    define: { "process.env.NODE_ENV": '"production"' },
    format: "iife",
    target: "es2020",
    legalComments: "eof",
    logLevel: "warning",
    plugins,
  });
  const { code } = await minify(outputFiles[0].text, { ecma: 2020, toplevel: true, compress: { passes: 2 }, format: { comments: /@license|@preserve|^!|Copyright|Apache/ } });
  await put(name, code);
}

async function symbol(id, icon) {
  const svg = await readFile(packageFile("@patternfly/react-icons/dist/static", `${icon}.svg`), "utf8");
  const parts = /^<svg [^>]*viewBox="([^"]+)"[^>]*>((?:<path d="[^"]+"><\/path>)+)<\/svg>\s*$/.exec(svg);
  if (!parts) throw new Error(`the icon ${icon} is not a plain drawing of paths`);
  // A tenth of a unit of a drawing that is 512 wide is less than a screen can show.
  const floatPrecision = Number(parts[1].split(" ")[2]) > 256 ? 1 : 3;
  const { data } = optimize(`<svg>${parts[2]}</svg>`, { plugins: [{ name: "convertPathData", params: { floatPrecision } }] });
  return `<symbol id="${id}" viewBox="${parts[1]}">${data.replace(/^<svg>|<\/svg>$/g, "")}</symbol>`;
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
await Promise.all([patternfly(), bundle("charts.js", "echarts.min.js", [withoutUnused]), bundle("markdown.js", "markdown.min.js"), icons(), licenses()]);
if (isRenewing) {
  await writeFile(manifest, `${JSON.stringify(await describe(), null, 2)}\n`);
}
