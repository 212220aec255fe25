// Parts of ECharts that it always brings along and that the portal's charts never reach: an esbuild plugin puts nothing in
// their place. Each is named by what would need it; tests/web draws every kind of chart.
const NOTHING = {
  // Tooltips as HTML: ours are drawn, so that the content policy stays strict.
  "echarts/lib/component/tooltip/TooltipHTMLContent.js": "export default class {}",
  // The canvas renderer, and CSS animation of drawings made on a server: ours are SVG made in the browser.
  "zrender/lib/canvas/graphic.js": "const none = () => {}; export { none as brush, none as brushSingle, none as brushLoop, none as brushLoopFinalize, none as createCanvasPattern }",
  "zrender/lib/svg/cssAnimation.js": "export const createCSSAnimation = () => {}",
  "zrender/lib/svg/cssEmphasis.js": "export const createCSSEmphasis = () => {}",
  // Themes and languages of its own: colours are PatternFly's tokens, words are the page's.
  "echarts/lib/theme/dark.js": "export default {}",
  "echarts/lib/i18n/langZH.js": "export default {}",
  // Options as they were written for versions 2 and 3.
  "echarts/lib/preprocessor/backwardCompat.js": "export default () => {}",
  "echarts/lib/legacy/dataSelectAction.js": "const none = () => {}; export { none as createLegacyDataSelectAction, none as handleLegacySelectEvents }",
  // Thinning of thousands of points, reshaping of data sets, its own "loading".
  "echarts/lib/processor/dataSample.js": "export default (seriesType) => ({ seriesType, reset() {} })",
  "echarts/lib/data/helper/transform.js": "const none = () => {}; export { none as registerExternalTransform, none as applyDataTransform }",
  "echarts/lib/loading/default.js": "export default () => {}",
  // Dragging and pinching.
  "zrender/lib/mixin/Draggable.js": "export default class {}",
  "zrender/lib/core/GestureMgr.js": "export class GestureMgr {}",
};

export const withoutUnused = {
  name: "without-unused",
  setup(build) {
    const left = new Set(Object.keys(NOTHING));
    build.onLoad({ filter: /[\\/](echarts|zrender)[\\/]lib[\\/].*\.js$/ }, ({ path }) => {
      const name = path.replaceAll("\\", "/").replace(/^.*\/node_modules\//, "");
      if (!NOTHING[name]) return undefined;
      left.delete(name);
      return { contents: NOTHING[name], loader: "js" };
    });
    build.onEnd(() => {
      if (left.size) throw new Error(`frontend/unused.mjs names what is not there any more: ${[...left].join(", ")}`);
    });
  },
};
