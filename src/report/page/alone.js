// The page of a model alone, without the report of a run.
(function (report) {
  "use strict";

  report.buildSpeaker();
  report.ready = true;
})(window.report);
