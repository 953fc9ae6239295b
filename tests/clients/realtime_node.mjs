// openai-node over wss: a turn in text, speech that is heard, a tool, an interruption, an error, a wrong key.
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import assert from "node:assert";

const base = process.env.OPENAI_BASE_URL;
assert.ok(base.startsWith("https:"));
const long = "Repeat after me: " + "The rain falls on the roof and on the street. ".repeat(8);
const user = (text) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] });

async function speech(text) {
  const query = new URLSearchParams({ text, format: "pcm16" });
  const said = await fetch(`${base.replace("/v1", "")}/_understudy/say?${query}`);
  const pcm = Buffer.concat([Buffer.from(await said.arrayBuffer()), Buffer.alloc(48_000)]);
  const pieces = [];
  for (let start = 0; start < pcm.length; start += 4_800) pieces.push(pcm.subarray(start, start + 4_800).toString("base64"));
  return pieces;
}

const session = new OpenAIRealtimeWS({ model: "gpt-realtime" }, new OpenAI());
const events = [];
let waiting = null;
session.on("event", (event) => (events.push(event), waiting?.()));
const errors = [];
session.on("error", (error) => errors.push(error));

async function until(type) {
  const seen = [];
  for (;;) {
    while (events.length) {
      const event = events.shift();
      seen.push(event);
      if (event.type === type) return seen;
    }
    await new Promise((resolve) => (waiting = resolve));
  }
}
async function say(text) {
  for (const audio of await speech(text)) session.send({ type: "input_audio_buffer.append", audio });
}
const of = (seen, type) => seen.filter((event) => event.type === type);

await until("session.created");
session.send({ type: "session.update", session: { type: "realtime", output_modalities: ["text"] } });
session.send({ type: "conversation.item.create", item: user("Say one two three") });
session.send({ type: "response.create" });
let seen = await until("response.done");
assert.equal(of(seen, "response.output_text.delta").map((event) => event.delta).join(""), "One two three");
console.log("text");

const tools = [{ type: "function", name: "get_weather", description: "Tell the weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } }];
session.send({ type: "session.update", session: { type: "realtime", output_modalities: ["audio"], tools,
  audio: { input: { transcription: { model: "gpt-4o-mini-transcribe" }, turn_detection: { type: "server_vad" } } } } });
await say("Say one two three.");
seen = await until("response.done");
assert.equal(of(seen, "conversation.item.input_audio_transcription.completed")[0].transcript, "Say one two three.");
assert.match(seen.at(-1).response.output[0].content[0].transcript, /one two three/i);
assert.ok(of(seen, "response.output_audio.delta").length > 3);
console.log("speech");

await say("What is the weather in Paris?");
seen = await until("response.done");
const call = seen.at(-1).response.output[0];
assert.deepEqual([call.type, JSON.parse(call.arguments)], ["function_call", { city: "Paris" }]);
session.send({ type: "conversation.item.create", item: { type: "function_call_output", call_id: call.call_id, output: "Sunny, 21 degrees." } });
session.send({ type: "response.create" });
seen = await until("response.done");
assert.match(seen.at(-1).response.output[0].content[0].transcript, /21/);
console.log("tool");

session.send({ type: "conversation.item.create", item: user(long) });
session.send({ type: "response.create", response: { tool_choice: "none" } });
await until("response.output_audio.delta");
await say("Wait, stop.");
seen = await until("response.done");
const cut = seen.at(-1).response;
assert.deepEqual([cut.status, cut.status_details.reason], ["cancelled", "turn_detected"]);
session.send({ type: "conversation.item.truncate", item_id: cut.output[0].id, content_index: 0, audio_end_ms: 100 });
await until("conversation.item.truncated");
console.log("interruption");

assert.deepEqual(errors, []);
session.send({ type: "conversation.item.retrieve", item_id: "item_nobody", event_id: "mine" });
await until("error");
assert.equal(errors[0].error.event_id, "mine");
console.log("errors");
session.close();

const wrong = new OpenAIRealtimeWS({ model: "gpt-realtime" }, new OpenAI({ apiKey: "sk-invalid-key" }));
const [refused, code] = await Promise.all([
  new Promise((resolve) => wrong.on("error", resolve)),
  new Promise((resolve) => wrong.socket.on("close", resolve)),
]);
assert.equal(refused.error.code, "invalid_api_key");
assert.equal(code, 3000);
console.log("a wrong key");
