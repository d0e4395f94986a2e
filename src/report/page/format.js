// Human-readable numbers.
(function (report) {
  "use strict";

  const { data, isNumber } = report;
  const none = "–";

  const whole = (value) => Math.round(value).toLocaleString("en");
  const trim = (value, digits) => String(Number(value.toPrecision(digits)));

  // Losses have four decimals; points, which are larger, one.
  const decimals = data.objective.better === "lower" ? 4 : 2;
  const score = (value) => (isNumber(value) ? fixed(value, decimals) : none);

  function fixed(value, digits) {
    return value
      .toLocaleString("en", {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      })
      .replace("-", "−");
  }

  const signed = (value, digits) => (value > 0 ? "+" : "") + fixed(value, digits);

  const prefixes = [
    [1e18, "E"],
    [1e15, "P"],
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];

  function si(value, digits = 3) {
    if (!isNumber(value)) return none;
    for (const [factor, prefix] of prefixes) {
      if (value >= factor * 0.9995) return trim(value / factor, digits) + " " + prefix;
    }
    return trim(value, digits) + " ";
  }

  const flops = (value) => (isNumber(value) ? si(value) + "FLOP" : none);

  function duration(seconds) {
    if (!isNumber(seconds)) return none;
    if (seconds < 1) return trim(seconds * 1000, 3) + " ms";
    if (seconds < 60) return trim(seconds, 3) + " s";
    const minutes = Math.round(seconds / 60);
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
    return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
  }

  // Fractions close to 1 differ in later digits.
  const real = (value) => trim(value, value > 0.99 && value < 1 ? 5 : 3);

  function gene(name, value) {
    const { integer, categories } = report.geneNamed(name);
    if (!isNumber(value)) return none;
    if (categories) return categories[value] || none;
    return integer ? whole(value) : real(value);
  }

  const percent = (share) => (isNumber(share) ? Math.round(share * 100) + " %" : none);

  const estimate = (value) =>
    !value
      ? none
      : score(value.mean) +
        (isNumber(value.standard_error) ? ` ± ${score(value.standard_error)}` : "");

  function date(seconds) {
    if (!isNumber(seconds)) return none;
    return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC";
  }

  const plural = (count, one, many) => `${whole(count)} ${count === 1 ? one : many || one + "s"}`;

  report.format = {
    none,
    whole,
    trim,
    score,
    fixed,
    signed,
    si,
    flops,
    duration,
    gene,
    percent,
    estimate,
    date,
    plural,
    decimals,
  };
})(window.report);
