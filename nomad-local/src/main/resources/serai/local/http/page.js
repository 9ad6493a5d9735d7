// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
// Shows /local/v1/state and asks again whenever something has changed. Texts go in as text nodes, never as markup.

"use strict";

const GOOD = ["running", "ready", "eligible", "complete", "healthy"];
const WAIT = ["pending", "blocked", "draining", "ineligible"];
const BAD = ["failed", "lost", "unhealthy", "down"];
const OVER = { jobs: j => j.status === "dead" && j.wanted === 0 && !j.reasons.some(r => r !== "stopped"),
  allocations: a => a.desired !== "run" && !["pending", "running"].includes(a.status),
  evaluations: e => e.status === "canceled" || (e.status === "complete" && e.reasons.length === 0) };

let state = null;
const open = new Set(); // ids of allocations that are shown whole
const usage = new Map();
const find = document.getElementById("find");
const over = document.getElementById("over");

function element(name, content, attributes = {}) {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  for (const part of [content].flat()) {
    if (part !== null && part !== undefined) {
      made.append(part);
    }
  }
  return made;
}

function mark(text) {
  const kind = GOOD.includes(text) ? "good" : WAIT.includes(text) ? "wait" : BAD.includes(text) ? "bad" : "";
  return element("span", text, { class: "state " + kind });
}

/** The time of the day, and the date where it was another day. */
function when(text) {
  if (!text) {
    return "";
  }
  const time = new Date(text);
  const today = time.toDateString() === new Date().toDateString();
  const shown = today ? time.toLocaleTimeString() : time.toLocaleString();
  return element("time", shown, { datetime: text, title: text });
}

function why(reasons) {
  return element("td", reasons.map(reason => element("p", reason)), { class: "why" });
}

function amount(value) {
  return element("td", String(value), { class: "number" });
}

function table(columns, rows) {
  const head = columns.map(column =>
    element("th", column.replace("#", ""), { scope: "col", class: column.startsWith("#") ? "number" : "" }));
  return element("table", [element("thead", element("tr", head)), element("tbody", rows)]);
}

function matches(entry) {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = JSON.stringify(entry).toLowerCase();
  return words.every(word => text.includes(word));
}

function put(section, entries, columns, row) {
  const shown = entries.filter(matches).filter(entry => over.checked || !OVER[section] || !OVER[section](entry));
  const hidden = entries.length - shown.length;
  const list = document.querySelector("#" + section + " .list");
  const content = [];
  if (shown.length > 0) {
    content.push(table(columns, shown.flatMap(row)));
  }
  if (shown.length === 0 || hidden > 0) {
    const none = entries.length === 0 ? "None." : hidden + " more that " + (hidden === 1 ? "is" : "are") + " over or not looked for.";
    content.push(element("p", none, { class: "none" }));
  }
  list.replaceChildren(...content);
}

function job(entry) {
  return [element("tr", [
    element("td", entry.namespace === "default" ? entry.id : entry.namespace + " / " + entry.id, { class: "name" }),
    element("td", mark(entry.status)),
    amount(entry.running + " / " + entry.wanted),
    amount(entry.starting),
    amount(entry.failed),
    amount(entry.version),
    element("td", when(entry.submitted)),
    why(entry.reasons),
  ])];
}

function allocation(entry) {
  const expanded = open.has(entry.id);
  const button = element("button", entry.name, { class: "open", "aria-expanded": String(expanded), type: "button" });
  button.addEventListener("click", () => {
    expanded ? open.delete(entry.id) : open.add(entry.id);
    draw();
    if (!expanded) {
      measure(entry.id);
    }
  });
  const rows = [element("tr", [
    element("td", button, { class: "name" }),
    element("td", mark(entry.status)),
    element("td", entry.desired),
    amount(entry.tasks.reduce((sum, task) => sum + task.restarts, 0)),
    element("td", when(entry.created)),
    element("td", element("code", entry.id.slice(0, 8))),
    why([entry.reason]),
  ])];
  if (expanded) {
    rows.push(element("tr", element("td", inside(entry), { colspan: "7" }), { class: "more" }));
  }
  return rows;
}

function inside(entry) {
  const tasks = entry.tasks.map(task => element("div", [
    element("h3", "task " + task.name + ": " + task.state + (task.restarts ? ", restarted " + task.restarts + " times" : "")),
    element("ul", task.events.map(event => element("li", [when(event.time), element("span", event.type), element("span", event.message)])), { class: "events" }),
  ]));
  const facts = [
    ["id", element("code", entry.id)],
    ["job version", String(entry.jobVersion)],
    ["evaluation", element("code", entry.evaluation)],
    ["replaces", entry.previous && element("code", entry.previous)],
    ["replaced by", entry.next && element("code", entry.next)],
    ["reserved", entry.cpuMhz + " MHz, " + entry.memoryMb + " MB, " + entry.diskMb + " MB disk"],
    ["uses", usage.get(entry.id)],
    ["ports", Object.entries(entry.ports).map(([label, port]) => label + " " + port).join(", ")],
    ["devices", entry.devices.join(", ")],
  ];
  const list = element("dl", facts.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  return element("div", [element("div", tasks.length ? tasks : "No task has begun."), list], { class: "inside" });
}

/** Two looks: the first one only begins to count. */
async function measure(id) {
  for (const pause of [0, 1000]) {
    await new Promise(done => setTimeout(done, pause));
    const answer = await fetch("/v1/client/allocation/" + id + "/stats");
    if (!answer.ok) {
      return;
    }
    const stats = await answer.json();
    if (Object.keys(stats.Tasks).length === 0) {
      return;
    }
    const memory = (stats.ResourceUsage.MemoryStats.RSS / 1048576).toFixed(1) + " MB";
    usage.set(id, pause ? stats.ResourceUsage.CpuStats.Percent.toFixed(1) + " % of a core, " + memory : memory);
  }
  draw();
}

function evaluation(entry) {
  return [element("tr", [
    element("td", entry.job, { class: "name" }),
    element("td", mark(entry.status)),
    element("td", entry.trigger),
    element("td", entry.decided.map(text => element("div", text))),
    element("td", when(entry.waitUntil)),
    element("td", when(entry.created)),
    why(entry.reasons),
  ])];
}

function device(entry) {
  return [element("tr", [
    element("td", entry.vendor + "/" + entry.type + "/" + entry.name, { class: "name" }),
    element("td", mark(entry.healthy ? "healthy" : "unhealthy")),
    element("td", element("code", entry.id)),
    element("td", entry.bus),
    element("td", entry.instance ?? "free"),
    why([entry.health].filter(Boolean)),
  ])];
}

function bar(name, { used, of }, unit) {
  return element("div", [
    element("p", [element("span", name), element("span", used.toLocaleString() + " of " + of.toLocaleString() + " " + unit)]),
    element("meter", null, { min: "0", max: String(Math.max(1, of)), value: String(used), "aria-label": name }),
  ], { class: "bar" });
}

function node(entry) {
  const facts = [
    ["name", entry.name],
    ["id", element("code", entry.id)],
    ["datacenter", entry.datacenter],
    ["status", mark(entry.status)],
    ["scheduling", mark(entry.drain ? "draining" : entry.eligibility)],
    ["drain until", entry.drain && when(entry.drain.ForceDeadline)],
    ["last drain", entry.lastDrain && entry.lastDrain.Status],
  ];
  return element("div", [
    element("div", [bar("CPU reserved", entry.cpuMhz, "MHz"), bar("Memory reserved", entry.memoryMb, "MB"), bar("Disk reserved", entry.diskMb, "MB")]),
    element("dl", facts.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", name), element("dd", value)])),
    element("ul", entry.events.map(event => element("li", [when(event.time), element("span", event.message)])), { class: "events" }),
  ], { class: "node" });
}

function draw() {
  const { agent } = state;
  document.title = agent.name + " · nomad-local";
  const up = agent.upSeconds < 120 ? agent.upSeconds + " s" : agent.upSeconds < 7200 ? Math.floor(agent.upSeconds / 60) + " min" : Math.floor(agent.upSeconds / 3600) + " h";
  document.getElementById("about").textContent = agent.name + ", " + agent.version + ", up for " + up + ", data in " + agent.dataDirectory;
  document.querySelectorAll("[data-count]").forEach(count => {
    const entries = state[count.dataset.count];
    count.textContent = entries.filter(entry => !OVER[count.dataset.count]?.(entry)).length;
  });
  put("jobs", state.jobs, ["job", "status", "#running", "#starting", "#failed", "#version", "submitted", "why"], job);
  put("allocations", state.allocations, ["instance", "status", "wanted", "#restarts", "created", "id", "why"], allocation);
  put("evaluations", state.evaluations, ["job", "status", "because of", "decided", "waits until", "created", "why"], evaluation);
  put("devices", state.devices, ["device", "health", "id", "bus", "holder", "why"], device);
  document.querySelector("#nodes .list").replaceChildren(...state.nodes.map(node));
}

async function follow() {
  const link = document.getElementById("link");
  let index = 0;
  while (true) {
    try {
      const answer = await fetch("/local/v1/state?wait=30s&index=" + index);
      if (!answer.ok) {
        throw new Error(answer.status + " " + (await answer.text()));
      }
      state = await answer.json();
      index = state.agent.index;
      link.textContent = "live";
      link.className = "up";
      draw();
      await new Promise(done => setTimeout(done, 250)); // not more often than one can read
    } catch (error) {
      link.textContent = "the agent does not answer; asking again";
      link.className = "down";
      index = 0;
      console.warn(error);
      await new Promise(done => setTimeout(done, 2000));
    }
  }
}

find.addEventListener("input", () => state && draw());
over.addEventListener("change", () => state && draw());
follow();
