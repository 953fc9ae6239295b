// The Vercel AI SDK over chat completions and over responses: text, streams, tools, objects, pictures in messages and made.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, stepCountIs, streamText, tool, generateImage, Output } from "ai";
import { z } from "zod";
import assert from "node:assert";

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });
const weather = z.object({ city: z.string(), degrees: z.number().int() });

for (const [name, model] of [["chat", openai.chat("gpt-4o-mini")], ["responses", openai.responses("gpt-4o-mini")]]) {
  const said = await generateText({ model, prompt: "Say one two three" });
  assert.equal(said.text, "One two three");
  assert.equal(said.finishReason, "stop");
  assert.ok(said.usage.outputTokens > 0);
  console.log(`${name}: text`);

  let text = "";
  for await (const part of streamText({ model, prompt: "Say one two three" }).textStream) text += part;
  assert.equal(text, "One two three");
  console.log(`${name}: stream`);

  const ran = [];
  const getWeather = tool({
    description: "Tell the weather of a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => (ran.push(city), `It is sunny in ${city}, 21 degrees.`),
  });
  const told = await generateText({
    model, prompt: "What is the weather in Paris?", tools: { getWeather }, stopWhen: stepCountIs(3) });
  assert.deepEqual(ran, ["Paris"]);
  assert.match(told.text, /21/);
  console.log(`${name}: tools`);

  const shaped = await generateText({
    model, prompt: "The weather in Rome: 21 degrees", output: Output.object({ schema: weather }) });
  assert.equal(shaped.output.city, "Rome");
  console.log(`${name}: objects`);
}

const made = await generateImage({ model: openai.image("gpt-image-1"), prompt: "a kite", providerOptions: { openai: { quality: "low" } } });
assert.equal(made.image.mediaType, "image/png");
console.log("images: generated");

const edited = await generateImage({
  model: openai.image("gpt-image-1"), prompt: { text: "a red kite", images: [made.image.uint8Array] } });
assert.equal(edited.image.mediaType, "image/png");
console.log("images: edited");

const seen = await generateText({
  model: openai.chat("gpt-4o"),
  messages: [{ role: "user", content: [{ type: "text", text: "What is this?" },
    { type: "file", data: made.image.uint8Array, mediaType: "image/png" }] }],
});
assert.ok(seen.usage.inputTokens > 700);
console.log("pictures in messages");

const refused = await generateText({
  model: createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: "sk-credits-0-x" }).chat("gpt-4o-mini"),
  prompt: "Hi", maxRetries: 0 }).catch((error) => error);
assert.equal(refused.statusCode, 429);
console.log("errors");
