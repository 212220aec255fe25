// PatternFly's fonts, cut to what pages show: each face becomes the Western letters that every page needs and, in a file
// of its own that a browser fetches when such a letter is on the page, all others; of the weights, those that are used.
import subsetFont from "subset-font";

// Latin-1 (en, es, fr, de, it), punctuation, and the marks that texts of the portal hold.
const WESTERN = [[0x20, 0x7e], [0xa0, 0xff], [0x131], [0x152, 0x153], [0x178], [0x2010, 0x203f], [0x20ac], [0x2122], [0x2190, 0x2193], [0x2212], [0x1e9e]];
const OTHER = [[0x100, 0x130], [0x132, 0x151], [0x154, 0x177], [0x179, 0x36f], [0x1e00, 0x1e9d], [0x1e9f, 0x1eff], [0x2040, 0x20ab], [0x20ad, 0x2121], [0x2123, 0x218f], [0x2194, 0x2211], [0x2213, 0x25ff]];
// Kerning, accents, and figures of equal width; ligatures and stylistic sets are not asked for.
const keepFeatures = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum"];
// Headings have one weight: a face that reaches from 600 to 800 is half as big again.
const WEIGHTS = { RedHatText: { min: 400, max: 600 }, RedHatDisplay: 600, RedHatMono: 400 };

const letters = (ranges) => ranges.map(([from, to = from]) => String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, at) => from + at))).join("");
const inCss = (ranges) => ranges.map(([from, to = from]) => `U+${from.toString(16)}${to === from ? "" : `-${to.toString(16)}`}`).join(",");

// The faces of `css` in two parts each. `read(address)` gives a font's bytes, `put(address, bytes)` takes the cut ones.
export async function cut(css, read, put) {
  for (const [face, address] of css.matchAll(/@font-face\{[^}]*url\("?\.?\/?(assets\/fonts\/[^")]+\.woff2)[^}]*\}/g)) {
    const whole = await read(address);
    const weight = Object.entries(WEIGHTS).find(([folder]) => address.includes(`/${folder}/`));
    if (!weight) throw new Error(`which weights of ${address} are used?`);
    const made = await Promise.all([["", WESTERN], ["-other", OTHER]].map(async ([end, ranges]) => {
      const name = address.replace(/\.woff2$/, `${end}.woff2`);
      await put(name, await subsetFont(whole, letters(ranges), { targetFormat: "woff2", variationAxes: { wght: weight[1] }, keepFeatures, noHinting: true }));
      return face.replace(address, name).replace(/\}$/, `;unicode-range:${inCss(ranges)}}`);
    }));
    css = css.replace(face, made.join(""));
  }
  return css;
}
