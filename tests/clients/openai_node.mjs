// openai-node: chat, stream, tools, typed errors, a picture.
import OpenAI from "openai";
import assert from "node:assert";

const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: "user", content: "Say one two three" }];
const said = await client.chat.completions.create({ model: "gpt-4o-mini", messages });
assert.equal(said.choices[0].message.content, "One two three");
console.log("chat");

let text = "";
for await (const part of await client.chat.completions.create({ model: "gpt-4o-mini", messages, stream: true })) {
  text += part.choices[0]?.delta?.content ?? "";
}
assert.equal(text, "One two three");
console.log("stream");

const tools = [{ type: "function", function: { name: "get_weather", description: "Tell the weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } }];
const asked = await client.chat.completions.create({
  model: "gpt-4o-mini", messages: [{ role: "user", content: "What is the weather in Paris and in Rome?" }], tools });
assert.deepEqual(asked.choices[0].message.tool_calls.map((call) => JSON.parse(call.function.arguments).city), ["Paris", "Rome"]);
console.log("parallel tools");

const picture = await client.images.generate({ model: "gpt-image-1", prompt: "a kite", quality: "low" });
assert.ok(picture.data[0].b64_json.startsWith("iVBOR"));
console.log("pictures");

for (const [options, kind] of [[{ apiKey: "sk-invalid-x" }, OpenAI.AuthenticationError], [{ apiKey: "sk-credits-0-x" }, OpenAI.RateLimitError]]) {
  const refused = await new OpenAI({ maxRetries: 0, ...options }).chat.completions
    .create({ model: "gpt-4o-mini", messages }).catch((error) => error);
  assert.ok(refused instanceof kind);
}
console.log("typed errors");
