// The OpenAI Agents SDK for JavaScript, a realtime session over a WebSocket: text, speech, a tool, an interruption, a wrong key.
import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket, tool } from "@openai/agents/realtime";
import { setTracingDisabled } from "@openai/agents";
import { z } from "zod";
import assert from "node:assert";

setTracingDisabled(true);
const base = process.env.OPENAI_BASE_URL;
const url = base.replace("http", "ws") + "/realtime?model=gpt-realtime";
const long = "Repeat after me: " + "The rain falls on the roof and on the street. ".repeat(8);

async function speech(text) {
  const query = new URLSearchParams({ text, format: "pcm16" });
  const said = await fetch(`${base.replace("/v1", "")}/_understudy/say?${query}`);
  const pcm = Buffer.concat([Buffer.from(await said.arrayBuffer()), Buffer.alloc(48_000)]);
  const pieces = [];
  for (let start = 0; start < pcm.length; start += 4_800) pieces.push(new Uint8Array(pcm.subarray(start, start + 4_800)).buffer);
  return pieces;
}

const ran = [];
const getWeather = tool({
  name: "get_weather",
  description: "Tell the weather of a city",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => (ran.push(city), `It is sunny in ${city}, 21 degrees.`),
});
const agent = new RealtimeAgent({ name: "Host", instructions: "Be brief.", tools: [getWeather] });
const options = { model: "gpt-realtime", tracingDisabled: true,
  config: { audio: { input: { transcription: { model: "gpt-4o-mini-transcribe" }, turnDetection: { type: "server_vad" } } } } };
const session = new RealtimeSession(agent, { ...options, transport: new OpenAIRealtimeWebSocket({ url }) });

const events = [];
let waiting = null;
const note = (type) => (...rest) => (events.push({ type, rest }), waiting?.());
for (const type of ["audio", "audio_interrupted", "agent_end", "agent_tool_end", "error"]) session.on(type, note(type));
session.on("transport_event", (event) => note(event.type)(event));

async function until(type) {
  const seen = [];
  for (;;) {
    while (events.length) {
      const event = events.shift();
      seen.push(event);
      assert.notEqual(event.type, "error", JSON.stringify(event.rest));
      if (event.type === type) return seen;
    }
    await new Promise((resolve) => (waiting = resolve));
  }
}
const said = () => session.history.filter((item) => item.role === "assistant").at(-1).content[0].transcript;
async function say(text) {
  for (const piece of await speech(text)) session.sendAudio(piece);
}

await session.connect({ apiKey: process.env.OPENAI_API_KEY });
session.sendMessage("Say one two three");
await until("agent_end");
assert.match(said(), /one two three/i);
console.log("text");

await say("Say four five six.");
const seen = await until("agent_end");
assert.ok(seen.some((event) => event.type === "audio"));
assert.match(said(), /four five six/i);
const heard = session.history.filter((item) => item.role === "user").at(-1).content[0].transcript;
assert.equal(heard, "Say four five six.");
console.log("speech");

await say("What is the weather in Paris?");
await until("agent_tool_end");
assert.deepEqual(ran, ["Paris"]);
await until("audio");
await until("agent_end");
assert.match(said(), /21/);
console.log("tool");

session.sendMessage(long);
await until("audio");
await say("Wait, stop.");
const cut = await until("conversation.item.truncated");
assert.ok(cut.some((event) => event.type === "audio_interrupted"));
assert.ok(cut.some((event) => event.type === "response.done" && event.rest[0].response.status === "cancelled"));
await until("agent_end");
console.log("interruption");
session.close();

const wrong = new RealtimeSession(agent, { ...options, transport: new OpenAIRealtimeWebSocket({ url }) });
const told = new Promise((resolve) => wrong.on("error", resolve));
await wrong.connect({ apiKey: "sk-invalid-key" }).catch(() => {});
assert.match(JSON.stringify(await told), /invalid_api_key/);
console.log("a wrong key");
process.exit(0);
