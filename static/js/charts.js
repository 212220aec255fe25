// Draws the charts of a page with ECharts (SVG) from the JSON beside them; colours are PatternFly's tokens.
(() => {
  const { announce, texts } = window.litemaas;
  const COLORS = ["blue", "green", "orange", "purple", "teal", "yellow", "red"];
  const language = document.documentElement.lang || "en";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const palette = () => {
    const step = document.documentElement.classList.contains("pf-v6-theme-dark") ? 40 : 50;
    const read = (color) => getComputedStyle(document.documentElement).getPropertyValue(`--pf-t--color--${color}--${step}`).trim();
    return COLORS.map(read).filter(Boolean);
  };

  const formats = (data) => {
    const compact = { notation: "compact", maximumFractionDigits: 1 };
    const money = { style: "currency", currency: data.currency, currencyDisplay: "narrowSymbol" };
    const full = (value) => new Intl.NumberFormat(language, data.unit === "money" ? { ...money, maximumFractionDigits: Math.abs(value) < 0.01 ? 6 : 2 } : {}).format(value);
    const short = (value) => new Intl.NumberFormat(language, data.unit === "money" ? { ...money, ...compact, minimumFractionDigits: 0, maximumSignificantDigits: 3 } : compact).format(value);
    const whole = data.series[0]?.values.reduce((sum, value) => sum + (value ?? 0), 0) || 1;
    const share = (name) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format((data.series[0].values[data.categories.indexOf(name)] ?? 0) / whole);
    return { share, full: (value) => (value === null || value === undefined ? texts().missing : full(value)), short };
  };

  const text = () => ({ color: token("--pf-t--global--text--color--regular"), fontFamily: token("--pf-t--global--font--family--body"), fontSize: 12 });

  const tooltip = (format, trigger) => ({
    trigger,
    renderMode: "richText",
    confine: true,
    backgroundColor: token("--pf-t--global--background--color--floating--default"),
    borderColor: token("--pf-t--global--border--color--default"),
    textStyle: text(),
    valueFormatter: format.full,
  });

  const axisLook = () => ({
    axisLine: { lineStyle: { color: token("--pf-t--global--border--color--default") } },
    axisTick: { show: false },
    axisLabel: { ...text(), color: token("--pf-t--global--text--color--subtle"), hideOverlap: true },
    splitLine: { lineStyle: { color: token("--pf-t--global--border--color--default"), opacity: 0.5 } },
  });

  const dashes = ["solid", "dashed", "dotted"];
  const line = (series, at, isStacked) => ({
    name: series.name,
    type: "line",
    data: series.values,
    stack: isStacked ? "all" : undefined,
    areaStyle: isStacked ? { opacity: 0.35 } : undefined,
    connectNulls: false,
    showSymbol: series.values.length < 2,
    symbolSize: 6,
    emphasis: { focus: "series" },
    lineStyle: { width: 2, type: series.dashed ? "dashed" : isStacked ? dashes[at % dashes.length] : "solid" },
  });

  const legend = () => ({
    bottom: 0,
    type: "scroll",
    textStyle: text(),
    itemWidth: 16,
    itemHeight: 8,
    pageTextStyle: text(),
    pageIconColor: token("--pf-t--global--text--color--regular"),
    pageIconInactiveColor: token("--pf-t--global--text--color--disabled"),
  });

  const common = (data) => ({
    color: palette(),
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: text(),
    // Without an icon of its own a line's legend shows the line, dashes and all.
    legend: data.series.length > 1 ? { ...legend(), icon: data.kind === "line" ? undefined : "roundRect" } : undefined,
    // The words around the drawing name it; the library adds the patterns that tell areas apart without colour.
    aria: { enabled: true, label: { enabled: false }, decal: { show: data.kind === "area" || data.kind === "donut" } },
  });

  // Where there is room the names stand beside the ring, one under the other.
  const aside = (narrow) => ({
    baseOption: narrow,
    media: [
      { query: { minWidth: 640, minAspectRatio: 1.9 }, option: { legend: { orient: "vertical", bottom: null, top: "middle", left: "52%" }, series: [{ center: ["26%", "50%"] }] } },
      { option: { legend: { orient: "horizontal", bottom: 0, top: null, left: "center" }, series: [{ center: ["50%", "44%"] }] } },
    ],
  });

  const valueAxis = (data, format) => ({ type: "value", minInterval: data.unit === "money" ? 0 : 1, ...axisLook(), axisLabel: { ...axisLook().axisLabel, formatter: format.short } });
  const grid = (data) => ({ left: 8, right: 16, top: 16, bottom: data.series.length > 1 ? 36 : 8, containLabel: true });

  const options = {
    line: (data, format) => ({
      ...common(data),
      tooltip: tooltip(format, "axis"),
      grid: grid(data),
      xAxis: { type: "category", boundaryGap: data.categories.length < 2, data: data.categories, ...axisLook(), splitLine: { show: false } },
      yAxis: valueAxis(data, format),
      series: data.series.map((series, at) => line(series, at, data.kind === "area")),
    }),
    bar: (data, format) => ({
      ...common(data),
      tooltip: tooltip(format, "axis"),
      grid: grid(data),
      xAxis: valueAxis(data, format),
      yAxis: { type: "category", inverse: true, data: data.categories, ...axisLook(), splitLine: { show: false }, axisLabel: { ...axisLook().axisLabel, width: 140, overflow: "truncate" } },
      series: data.series.map((series) => ({ name: series.name, type: "bar", data: series.values, barMaxWidth: 24 })),
    }),
    donut: (data, format) => aside({
      ...common(data),
      tooltip: tooltip(format, "item"),
      legend: { ...legend(), icon: "roundRect", formatter: (name) => `${name}  ${format.share(name)}` },
      series: [{
        name: data.series[0].name,
        type: "pie",
        radius: ["52%", "78%"],
        center: ["50%", "44%"],
        data: data.categories.map((name, at) => ({ name, value: data.series[0].values[at] ?? 0 })),
        label: { show: true, position: "center", formatter: () => format.short(data.series[0].values.reduce((sum, value) => sum + (value ?? 0), 0)), ...text(), fontSize: 22 },
        itemStyle: { borderColor: token("--pf-t--global--background--color--primary--default"), borderWidth: 2 },
      }],
    }),
  };
  options.area = options.line;

  // --- keys: arrows walk the points and say them ----------------------------------------------------------------------
  const walker = (element, chart, data, format) => {
    let at = -1;
    const moves = { ArrowRight: () => at + 1, ArrowDown: () => at + 1, ArrowLeft: () => at - 1, ArrowUp: () => at - 1, Home: () => 0, End: () => data.categories.length - 1 };
    return (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (!moves[event.key]) return;
      at = Math.min(Math.max(moves[event.key](), 0), data.categories.length - 1);
      chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
      const values = data.series.map((series) => `${series.name} ${format.full(series.values[at])}`);
      announce(`${data.categories[at]}: ${values.join(", ")}`);
      event.preventDefault();
    };
  };

  const drawn = new Map();
  const redraw = () => { for (const [element, paint] of drawn) if (element.isConnected) paint(); else drawn.delete(element); };
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

  const drawChart = (element) => {
    element.dataset.drawn = "yes";
    const data = JSON.parse(document.getElementById(element.dataset.chart).textContent);
    const format = formats(data);
    const chart = window.echarts.init(element, null, { renderer: "svg" });
    const paint = () => chart.setOption(options[data.kind](data, format), true);
    paint();
    drawn.set(element, paint);
    new ResizeObserver(() => { if (element.clientWidth) chart.resize(); }).observe(element);
    element.addEventListener("keydown", walker(element, chart, data, format));
  };

  const show = (card, view) => {
    card.classList.toggle("lm-shows-table", view === "table");
    for (const button of card.querySelectorAll("[data-chart-view]")) {
      const current = button.dataset.chartView === view;
      button.classList.toggle("pf-m-selected", current);
      button.setAttribute("aria-pressed", String(current));
    }
  };
  document.addEventListener("click", (event) => {
    const card = event.target.closest("[data-chart-card]");
    const view = event.target.closest("[data-chart-view]");
    if (card && view) show(card, view.dataset.chartView);
    // A card without an address of its own for the large view fills the screen itself.
    if (card && event.target.closest("button[data-chart-full]")) {
      if (document.fullscreenElement) document.exitFullscreen();
      else card.requestFullscreen();
    }
  });

  // Letters work in the drawing and in its table; the focus follows from one to the other.
  document.addEventListener("keydown", (event) => {
    const place = event.target.closest?.("[data-chart], [data-chart-table]");
    const card = place?.closest("[data-chart-card]");
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "t" && card.querySelector("[data-chart]")) {
      const view = place.matches("[data-chart-table]") ? "chart" : "table";
      show(card, view);
      card.querySelector(view === "chart" ? "[data-chart]" : "[data-chart-table]").focus();
    } else {
      const wanted = { e: "[data-chart-csv]", f: "[data-chart-full]" }[event.key];
      if (!wanted) return;
      card.querySelector(wanted)?.click();
    }
    event.preventDefault();
  });

  window.litemaas.drawChart = drawChart;
})();
