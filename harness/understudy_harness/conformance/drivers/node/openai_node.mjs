// Driver for the official SDK for Node, versions 6 and 7.
//
//     node openai_node.mjs [FOLDER [PACKAGE]]
//
// FOLDER is the application whose packages are used, `.` by default; PACKAGE is the SDK's name there, `openai` by default.
// It does what an application would do and nothing more: no retries, no timeouts and no parsing of its own.
import { readFileSync } from "node:fs";
import { clientOf, load, serve, sha256 } from "./lines.mjs";
import { describer, settingsOf } from "./openai_parts.mjs";
import { Application } from "./realtime_application.mjs";

const PACKAGE = process.argv[3] ?? "openai";
const { OpenAI, toFile } = await load(PACKAGE);
const errors = await load(`${PACKAGE}/error`);
const { z } = await load("zod").catch(() => ({}));
const { OpenAIRealtimeWS } = await load(`${PACKAGE}/realtime/ws`).catch(() => ({})); // it needs the package ws

const connect = (run) => new OpenAI(settingsOf(run));

const called = (call) => ({ id: call.id, name: call.function?.name, arguments: call.function?.arguments });
const counts = (usage) => usage && { in: usage.prompt_tokens, out: usage.completion_tokens };

/** Describe a completion that came in one piece; whatever else the SDK hands over is a text. */
function whole(completion) {
  if (typeof completion === "string") return { choices: [{ text: completion }] };
  const choices = (completion.choices ?? []).map(({ message, finish_reason: finish }) => ({
    text: message.content, finish, refusal: message.refusal, tool_calls: (message.tool_calls ?? []).map(called) }));
  return { choices, usage: counts(completion.usage), request_id: completion._request_id };
}

async function chat(client, { input, signal }) {
  return whole(await client.chat.completions.create(input, { signal }));
}

async function stream(client, run) {
  if (run.input.tools) return streamWithTools(client, run);
  const asked = client.chat.completions.create({ ...run.input, stream: true }, { signal: run.signal });
  const { data, request_id } = await asked.withResponse();
  let usage;
  for await (const chunk of data) {
    take(run, chunk);
    usage = counts(chunk.usage) ?? usage;
  }
  return { ...run.seen(), usage, request_id };
}

function take(run, chunk) {
  for (const { index, delta, finish_reason } of chunk.choices) {
    run.finish(finish_reason, index);
    run.delta(delta?.content, index);
    const choice = run.choice(index);
    if (delta?.refusal) choice.refusal = (choice.refusal ?? "") + delta.refusal;
  }
}

// By the helper that puts the calls together.
async function streamWithTools(client, run) {
  const chunks = client.chat.completions.stream(run.input, { signal: run.signal });
  for await (const chunk of chunks) take(run, chunk);
  return whole(await chunks.finalChatCompletion());
}

// Of a response: what it ended with, in the words of chat completions.
const FINISHES = { completed: "stop", max_output_tokens: "length" };

async function responses(client, run) {
  const asked = client.responses.create({ ...run.input, stream: true }, { signal: run.signal });
  const { data, request_id } = await asked.withResponse();
  let usage;
  for await (const event of data) {
    if (event.type === "response.output_text.delta") run.delta(event.delta);
    else if (event.type === "response.refusal.done") run.choice().refusal = event.refusal;
    else if (event.type === "response.failed") throw new Error("response.failed", { cause: event.response.error });
    else if (event.type === "error") throw new Error("response.failed", { cause: event.error ?? event });
    else if (event.type === "response.completed" || event.type === "response.incomplete") {
      const reason = event.response.incomplete_details?.reason ?? event.response.status;
      run.finish(FINISHES[reason] ?? reason);
      const used = event.response.usage;
      usage = used && { in: used.input_tokens, out: used.output_tokens };
    }
  }
  return { ...run.seen(), usage, request_id };
}

async function parse(client, { input: { name, schema, ...input }, signal }) {
  const { zodResponseFormat } = await load(`${PACKAGE}/helpers/zod`);
  const response_format = zodResponseFormat(z.fromJSONSchema(schema), name);
  const completion = await client.chat.completions.parse({ ...input, response_format }, { signal });
  return { ...whole(completion), parsed: completion.choices[0].message.parsed };
}

async function agent(client, run) {
  const tools = run.input.tools.map(({ returns, name, ...told }) => {
    const itself = (given) => (run.tool(name, given), returns);
    // The SDK leaves to the application what reads the arguments; its README does it so.
    const parse = (text) => z.fromJSONSchema(told.parameters).parse(JSON.parse(text));
    return { type: "function", function: { name, ...told, parse, function: itself } };
  });
  const messages = [{ role: "user", content: run.input.prompt }];
  const asked = { model: run.input.model, messages, tools, ...(run.input.stream && { stream: true }) };
  const runner = client.chat.completions.runTools(asked, { signal: run.signal });
  return { ...whole(await runner.finalChatCompletion()), ran: run.ran };
}

const bytes = (base64) => Buffer.from(base64, "base64");

function pictures(answer) {
  const told = answer.data.map(({ b64_json, url }) => (b64_json ? { sha256: sha256(bytes(b64_json)) } : { url }));
  return { pictures: told, request_id: answer._request_id };
}

async function image(client, { input, signal }) {
  return pictures(await client.images.generate(input, { signal }));
}

async function imageStream(client, run) {
  const final = [];
  for await (const event of await client.images.generate({ ...run.input, stream: true }, { signal: run.signal })) {
    if (event.type === "image_generation.partial_image") run.picture(bytes(event.b64_json), event.partial_image_index);
    else if (event.type === "image_generation.completed") final.push({ sha256: sha256(bytes(event.b64_json)) });
  }
  return { pictures: final };
}

async function imageEdit(client, { input: { images, ...input }, signal }) {
  const files = images.map(({ name, content, type = "image/png" }) => toFile(bytes(content), name, { type }));
  return pictures(await client.images.edit({ ...input, image: await Promise.all(files) }, { signal }));
}

async function embed(client, { input, signal }) {
  const answer = await client.embeddings.create(input, { signal });
  return { vectors: answer.data.map((one) => one.embedding), usage: { in: answer.usage?.prompt_tokens } };
}

async function speech(client, { input, signal }) {
  const answer = await client.audio.speech.create(input, { signal });
  return { bytes_sha256: sha256(Buffer.from(await answer.arrayBuffer())) };
}

async function list(client, { input: { resource, limit }, signal }) {
  const items = [];
  for await (const one of client[resource].list({ limit }, { signal })) items.push(one.id);
  return { items };
}

async function realtime(client, run) {
  const { ca_file } = run.options;
  const settings = { model: run.input.model, ...(ca_file && { options: { ca: readFileSync(ca_file) } }) };
  const session = new OpenAIRealtimeWS(settings, client);
  const application = new Application(run, (event) => session.send(event));
  const opened = new Promise((resolve) => session.socket.on("open", resolve));
  session.on("event", (event) => application.take(event));
  session.on("error", (error) => {
    // The server's own errors came as events, too; what is left is the SDK's: before it is open, there is no session.
    if (error.error) return;
    if (session.socket.readyState === 1) run.say({ event: "error", text: error.message });
    else application.fail(error);
  });
  session.socket.on("close", (code, reason) => application.fail(new SessionOver(`closed with ${code} ${reason}`)));
  run.signal.addEventListener("abort", () => session.close());
  try {
    await Promise.race([opened, application.over]);
    return await application.converse();
  } finally {
    session.close();
  }
}

class SessionOver extends Error {}

const kindOfSession = (error) =>
  error instanceof SessionOver || error?.constructor?.name === "OpenAIRealtimeError" ? "connection" : undefined;

const CALLS = {
  chat, stream, responses, ...(z && { parse, agent }), image, "image.stream": imageStream, "image.edit": imageEdit,
  embed, speech, list, ...(OpenAIRealtimeWS && { realtime }) };

const introduction = {
  client: clientOf(PACKAGE, "openai-node", "https://github.com/openai/openai-node"),
  ops: Object.keys(CALLS),
  tls: ["realtime"], // it makes wss of any base URL
  can: ["cancel", "parallel", "timeout", "retries", "tools", "n", "headers", "logs", "reuse"],
  declares: { max_attempts: 3, keepalive_s: 4 }, // connections are those of Node's fetch
};

await serve({ introduction, connect, describe: describer(errors, kindOfSession), call: (client, run) => CALLS[run.op](client, run) });
