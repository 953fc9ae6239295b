// What the drivers in Node share: the lines of the protocol, and nothing about any client.
//
// A driver gives `serve` its introduction and functions that make a client, make a call with it, and describe what the
// client raised. A driver in one file that needs none of this: docs/writing-a-driver.md.
import { Console } from "node:console";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

// Standard output is the protocol's: what clients log goes to standard error.
globalThis.console = new Console(process.stderr, process.stderr);

// The application's folder is the first argument, or where the driver was started: packages are taken from there.
const packages = createRequire(join(resolve(process.argv[2] ?? "."), "driver.js"));

/** A package of the application, by its name there. */
export const load = async (name) => import(pathToFileURL(packages.resolve(name)).href);

/** The version of a package of the application. */
export function versionOf(name) {
  const found = packages.resolve(name).split(join("node_modules", ...name.split("/")))[0];
  return packages(join(found, "node_modules", name, "package.json")).version;
}

export const sha256 = (data) => createHash("sha256").update(data).digest("hex");

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A `run` line, and what an application has seen of its call so far. */
class Run {
  constructor(line) {
    Object.assign(this, { options: {}, ...line });
    this.controller = new AbortController();
    this.signal = this.controller.signal;
    this.choices = [];
    this.ran = [];
    this.pictures = [];
  }

  say(fields) {
    write({ seq: this.seq, ...fields });
  }

  choice(index = 0) {
    return (this.choices[index] ??= { text: "", finish: null });
  }

  delta(text, index = 0) {
    const choice = this.choice(index);
    if (!text) return;
    choice.text += text;
    this.say({ event: "delta", index, text });
  }

  finish(reason, index = 0) {
    const choice = this.choice(index);
    choice.finish = reason ?? choice.finish;
  }

  tool(name, given) {
    this.ran.push({ name, arguments: given });
    this.say({ event: "tool", name, arguments: given });
  }

  picture(data, index) {
    this.pictures.push({ sha256: sha256(data), partial: index });
    this.say({ event: "picture", index, sha256: sha256(data) });
  }

  /** Answers and tools so far, as fields of a result. */
  seen() {
    const whole = ({ tool_calls = [], ...choice }) => ({ ...choice, tool_calls: tool_calls.filter(Boolean) });
    return { choices: this.choices.filter(Boolean).map(whole), ran: this.ran };
  }
}

async function perform(run, { call, describe }, client) {
  const partial = () => ({ ...run.seen(), pictures: run.pictures });
  try {
    const result = await call(client, run);
    // A client may take an abort for the end; the application that asked for it knows better.
    if (!run.signal.aborted) return run.say({ result });
  } catch (error) {
    if (!run.signal.aborted) return run.say({ error: { debug: inspect(error), ...describe(error), partial: partial() } });
  }
  return run.say({ error: { kind: "cancelled", partial: partial() } });
}

/** Speak the protocol until `stop` or the end of standard input. */
export async function serve(driver) {
  const runs = new Map();
  const kept = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    if (told.cmd === "hello") write(driver.introduction);
    else if (told.cmd === "cancel") runs.get(told.seq)?.controller.abort();
    else if (told.cmd === "stop") break;
    else if (told.cmd === "run") {
      const run = new Run(told);
      const { reuse } = run.options;
      const client = kept.get(reuse) ?? driver.connect(run);
      if (reuse !== undefined) kept.set(reuse, client);
      runs.set(run.seq, run);
      perform(run, driver, client).finally(() => runs.delete(run.seq));
    }
  }
  process.exit();
}

const KINDS = { 400: "bad_request", 401: "auth", 403: "permission", 404: "not_found", 408: "timeout", 422: "bad_request" };

/** The protocol's word for an answer with such a status. */
export function kindOfStatus(status, code) {
  if (status === 429) return code === "insufficient_quota" ? "quota" : "rate_limit";
  return KINDS[status] ?? (status >= 500 ? "server" : "other");
}

const KINDS_BY_CODE = { insufficient_quota: "quota", rate_limit_exceeded: "rate_limit", server_error: "server" };

/** The protocol's word for an error inside a stream, which has no status. */
export const kindOfCode = (code, otherwise) => KINDS_BY_CODE[code] ?? otherwise;

/** The protocol's word for what Node's fetch raises; undefined where it is none of its errors. */
export function kindOfFetch(error) {
  const code = error?.code ?? error?.cause?.code ?? "";
  if (/TIMEOUT/.test(code)) return "timeout";
  return /^(UND_ERR|ECONN|EPIPE|HPE_)/.test(code) ? "connection" : undefined;
}

/** Seconds that an answer's headers ask to wait. */
export function retryAfter(headers) {
  const wait = headers?.get?.("retry-after") ?? headers?.["retry-after"];
  return /^\d+$/.test(wait ?? "") ? Number(wait) : null;
}

/** The introduction's `client`, for a package of the application. */
export const clientOf = (name, shown, homepage) => ({
  name: shown,
  version: versionOf(name),
  language: "JavaScript",
  runtime: `Node ${process.versions.node}`,
  http: `undici ${process.versions.undici}`,
  homepage,
  issues: `${homepage}/issues`,
});
