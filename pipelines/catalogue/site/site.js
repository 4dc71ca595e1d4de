"use strict";
// What a page does beyond showing itself: the language, the search, the filter of a list, and lines of a drawing that light up. Without this script
// everything can still be read.
(function () {
  const self = document.currentScript;
  const root = self.dataset.root;
  const page = document.documentElement;

  // Browsers may refuse storage to pages that are opened from a folder.
  function remembered(key) { try { return localStorage.getItem(key); } catch { return null; } }
  function remember(key, value) { try { localStorage.setItem(key, value); } catch { /* it holds for this page only */ } }

  function speak(language) {
    page.dataset.language = language;
    page.lang = language === "zh" ? "zh-CN" : "en";
  }
  speak(remembered("countinghouse-language") || (/^zh/i.test(navigator.language || "") ? "zh" : "en"));

  document.addEventListener("DOMContentLoaded", function () {
    document.getElementById("language").addEventListener("click", function () {
      speak(page.dataset.language === "zh" ? "en" : "zh");
      remember("countinghouse-language", page.dataset.language);
    });
    search(document.getElementById("search"), document.getElementById("found"));
    filter(document.getElementById("filter"));
    document.querySelectorAll("svg.lineage").forEach(light);
    center();
    document.querySelectorAll(".drawings > input").forEach(input => input.addEventListener("change", center));
  });

  // The index is fetched when it is first needed, as a script, which a folder allows.
  let index;
  function load(then) {
    if (index) { then(); return; }
    const script = document.createElement("script");
    script.src = self.dataset.index;
    script.addEventListener("load", function () {
      index = window.countinghouseIndex.map(function (entry) {
        const columns = (entry.c || []).map(column => ({ column, text: (column[0] + " " + column[1] + " " + column[2]).toLowerCase() }));
        return { entry, columns, name: entry.n.toLowerCase(), text: (entry.n + " " + (entry.z || "") + " " + (entry.a || "") + " " + (entry.t || "")).toLowerCase() };
      });
      then();
    });
    document.head.append(script);
  }

  // A name counts more than a label, the beginning of a name more than its middle, and a table more than its columns.
  function score(word, name, text) {
    const bare = name.slice(name.lastIndexOf(".") + 1);
    if (bare === word || name === word) return 100;
    if (bare.startsWith(word)) return 60;
    if (name.includes(word)) return 40;
    return text.includes(word) ? 15 : 0;
  }

  function total(words, name, text) {
    let sum = 0;
    for (const word of words) {
      const one = score(word, name, text);
      if (!one) return 0;
      sum += one;
    }
    return sum;
  }

  const most = 40;
  const rank = { mart: 6, core: 4, feed: 3, parameter: 3 };
  function matches(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    if (!words.length) return found;
    for (const one of index) {
      const whole = total(words, one.name, one.text);
      if (whole) found.push({ weight: whole * 2 + (rank[one.entry.k] || 0), entry: one.entry });
      for (const { column, text } of one.columns) {
        const part = total(words, column[0].toLowerCase(), text);
        if (part) found.push({ weight: part + (rank[one.entry.k] || 0), entry: one.entry, column });
      }
    }
    return found.sort((a, b) => b.weight - a.weight).slice(0, most);
  }

  function search(input, list) {
    let chosen = -1;
    function choose(at) {
      const links = list.querySelectorAll("a");
      if (links[chosen]) links[chosen].setAttribute("aria-selected", "false");
      chosen = links.length ? (at + links.length) % links.length : -1;
      if (chosen < 0) return;
      links[chosen].setAttribute("aria-selected", "true");
      links[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", links[chosen].id);
    }
    function close() {
      list.hidden = true;
      chosen = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function show() {
      const query = input.value.trim();
      if (!query) { close(); return; }
      load(function () {
        const found = matches(query);
        list.replaceChildren(...found.map((match, i) => line(match, i, query)));
        if (!found.length) list.append(text("p", page.dataset.language === "zh" ? "没有找到" : "Nothing found"));
        list.hidden = false;
        input.setAttribute("aria-expanded", "true");
        chosen = -1;
        choose(0);
      });
    }
    input.addEventListener("input", show);
    input.addEventListener("focus", function () { load(function () {}); if (input.value) show(); });
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown") choose(chosen + 1);
      else if (event.key === "ArrowUp") choose(chosen - 1);
      else if (event.key === "Enter" && chosen >= 0) list.querySelectorAll("a")[chosen].click();
      else if (event.key === "Escape") { input.value = ""; close(); input.blur(); } else return;
      event.preventDefault();
    });
    document.addEventListener("keydown", function (event) {
      const typing = /^(input|textarea|select)$/i.test(event.target.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { input.focus(); input.select(); event.preventDefault(); }
    });
    document.addEventListener("click", function (event) { if (!event.target.closest(".find") || event.target.closest("#found a")) close(); });
  }

  function text(tag, words) {
    const element = document.createElement(tag);
    element.textContent = words;
    return element;
  }

  // marked is a text with what was looked for made to stand out.
  function marked(tag, words, query) {
    const element = document.createElement(tag);
    const wanted = query.toLowerCase().split(/\s+/)[0];
    const at = words.toLowerCase().indexOf(wanted);
    if (at < 0) { element.textContent = words; return element; }
    element.append(words.slice(0, at), text("mark", words.slice(at, at + wanted.length)), words.slice(at + wanted.length));
    return element;
  }

  function line(match, number, query) {
    const { entry, column } = match;
    const link = document.createElement("a");
    link.id = "found-" + number;
    link.href = root + entry.u + (column ? "#" + column[3] : "");
    link.setAttribute("role", "option");
    link.setAttribute("aria-selected", "false");
    link.tabIndex = -1;
    link.append(text("em", entry.k), marked("code", column ? column[0] : entry.n, query), " ", marked("span", (column ? column[1] : entry.z) || "", query));
    link.append(text("small", column ? entry.n + (column[2] ? " · " + column[2] : "") : entry.a || ""));
    return link;
  }

  function filter(input) {
    if (!input) return;
    input.addEventListener("input", function () {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of document.querySelectorAll("tr.filtered")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every(word => text.includes(word));
      }
      for (const section of document.querySelectorAll("main section")) section.hidden = !section.querySelector("tr.filtered:not([hidden])");
    });
  }

  // light shows the lines of the node that is pointed at or has the focus.
  function light(drawing) {
    const lines = drawing.querySelectorAll("path");
    function on(node) {
      off();
      const lit = new Set([node.dataset.node]);
      for (const one of lines) {
        if (one.dataset.from === node.dataset.node || one.dataset.to === node.dataset.node) {
          one.classList.add("lit");
          lit.add(one.dataset.from).add(one.dataset.to);
        }
      }
      for (const other of drawing.querySelectorAll("[data-node]")) other.classList.toggle("lit", lit.has(other.dataset.node));
      drawing.classList.add("lit");
    }
    function off() {
      drawing.classList.remove("lit");
      for (const one of drawing.querySelectorAll(".lit")) one.classList.remove("lit");
    }
    for (const node of drawing.querySelectorAll("[data-node]")) {
      node.addEventListener("pointerenter", () => on(node));
      node.addEventListener("pointerleave", off);
      node.addEventListener("focusin", () => on(node));
      node.addEventListener("focusout", off);
    }
  }

  // center brings the node that a page is about into the middle of its drawing, where that is larger than the screen.
  function center() {
    for (const node of document.querySelectorAll(".lineage [aria-current]")) {
      const box = node.closest(".drawing");
      const at = node.getBoundingClientRect();
      const around = box.getBoundingClientRect();
      box.scrollLeft += at.left + at.width / 2 - around.left - around.width / 2;
      box.scrollTop += at.top + at.height / 2 - around.top - around.height / 2;
    }
  }
})();
