// The chart kinds and parts that the portal's pages use, and no others: the whole of ECharts is five times this size.
import { BarChart, HeatmapChart, LineChart, PieChart } from "echarts/charts";
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { init, registerTheme, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

// A heat map's colour steps come from the visual map, so it has to be there although its legend is our own.
use([
  AriaComponent,
  BarChart,
  DatasetComponent,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  PieChart,
  SVGRenderer,
  TooltipComponent,
  VisualMapComponent,
]);

window.echarts = { init, registerTheme };
