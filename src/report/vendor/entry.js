// What the report page needs of ECharts, and nothing more.
import { init, use } from "echarts/core";
import { BarChart, CustomChart, LineChart, LinesChart, ParallelChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  MarkLineComponent,
  ParallelComponent,
  TooltipComponent,
} from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

use([
  BarChart, CustomChart, LineChart, LinesChart, ParallelChart, ScatterChart,
  AriaComponent, DataZoomComponent, GridComponent, MarkLineComponent, ParallelComponent,
  TooltipComponent,
  CanvasRenderer,
]);

export { init };
