// The champion speaks: a beginning, what it makes of it, what it expects next, and where its heads look.
(function (report) {
  "use strict";

  const { el } = report;
  const texts = 8; // spoken at a time
  const longest = 120;
  const expected = 12; // of the next tokens

  // Spaces, line ends and control characters would not be seen.
  const hidden = (character) =>
    ({ " ": "␣", "\n": "⏎" })[character] || "\\x" + character.charCodeAt(0).toString(16).padStart(2, "0");
  // eslint-disable-next-line no-control-regex
  const visible = (text) => text.replace(/[\u0000- \u007f]/g, hidden);

  function bars(model, logits, temperature) {
    const chances = model.chances(logits, temperature || 1);
    const order = chances.map((_, token) => token).sort((a, b) => chances[b] - chances[a]);
    return el(
      "table",
      { class: "next", "aria-label": "What comes next" },
      el(
        "tbody",
        {},
        order.slice(0, expected).map((token) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, token === model.delimiter ? "end" : visible(model.texts[token])),
            el(
              "td",
              { class: "wide" },
              el("span", { class: "share" }, el("span", { class: "bar", style: `--share:${chances[token] / chances[order[0]]}` }),
                el("span", { class: "value" }, (100 * chances[token]).toFixed(1) + " %")),
            ),
          ),
        ),
      ),
    );
  }

  function looks(model, { attention, seen }) {
    const name = (token) => (token === model.delimiter ? "⊢" : visible(model.texts[token]));
    const cells = ({ shares }) =>
      shares.map((share, t) =>
        el("td", {
          style: `--look:${share.toFixed(3)}`,
          title: `${name(seen[t])}: ${(100 * share).toFixed(0)} %`,
        }),
      );
    return el(
      "div",
      { class: "table", tabindex: "0", role: "region", "aria-label": "What each head attends to" },
      el(
        "table",
        { class: "looks" },
        el("thead", {}, el("tr", {}, el("th", {}, ""), seen.map((token) => el("th", { scope: "col" }, name(token))))),
        el(
          "tbody",
          {},
          attention.map((of) =>
            el("tr", {}, el("th", { scope: "row" }, `layer ${of.layer + 1}, head ${of.head + 1}`), cells(of)),
          ),
        ),
      ),
    );
  }

  function fill(section, base64) {
    const model = new window.microgpt.Model(base64);
    const beginning = el("input", { id: "beginning", type: "text", autocomplete: "off", spellcheck: "false" });
    const temperature = el("input", { id: "temperature", type: "range", min: 0, max: 1.5, step: 0.05, value: 0.6 });
    const degree = el("output", { for: "temperature" }, "0.60");
    const message = el("p", { class: "note", role: "status" });
    const spoken = el("ul", { class: "said" });
    const inside = el("div", { class: "inside" });

    function look() {
      degree.textContent = Number(temperature.value).toFixed(2);
      try {
        const state = model.read(model.encode(beginning.value));
        message.textContent = "";
        inside.replaceChildren(
          el("div", {}, el("h3", {}, "What comes next"), bars(model, state.logits, Number(temperature.value))),
          el("div", {}, el("h3", {}, "What each head attends to"), looks(model, state)),
        );
        return true;
      } catch (error) {
        message.textContent = error.message;
        inside.replaceChildren();
        return false;
      }
    }

    // One text after another, so that the page can be used meanwhile.
    let turn = 0;
    function speak() {
      if (!look()) return;
      const degrees = Number(temperature.value);
      const text = beginning.value;
      const own = ++turn;
      spoken.replaceChildren();
      const next = (left) => {
        if (left === 0 || own !== turn) return;
        spoken.append(el("li", {}, model.speak(text, degrees, longest, Math.random)));
        setTimeout(next, 0, left - 1);
      };
      setTimeout(next, 0, degrees > 0 ? texts : 1);
    }

    beginning.addEventListener("input", look);
    temperature.addEventListener("input", look);
    const form = el(
      "form",
      { class: "speaker" },
      el("label", { for: "beginning" }, "Beginning"),
      beginning,
      el("label", { for: "temperature" }, "Temperature"),
      el("span", { class: "degrees" }, temperature, degree),
      el("button", { type: "submit" }, "Speak"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      speak();
    });
    section.append(form, message, spoken, inside);
    speak();
    report.model = model;
  }

  const caption =
    "Type a beginning. At temperature 0 it says what it finds likeliest; the higher the temperature, the " +
    "more it dares. Everything runs in this page.";

  report.buildSpeaker = function () {
    const base64 = document.getElementById("weights").textContent.trim();
    if (base64) fill(report.section("speaker", "The model speaks", caption), base64);
    else document.getElementById("speaker").remove();
  };
})(window.report);
