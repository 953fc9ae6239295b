// The OpenAI Agents SDK for JavaScript, over chat completions and over responses: a run, a tool, an object, a stream.
import { Agent, run, tool, setOpenAIAPI, setTracingDisabled } from "@openai/agents";
import { z } from "zod";
import assert from "node:assert";

setTracingDisabled(true);
for (const api of ["chat_completions", "responses"]) {
  setOpenAIAPI(api);
  const model = "gpt-4o-mini";
  const plain = await run(new Agent({ name: "Echo", model }), "Say one two three");
  assert.equal(plain.finalOutput, "One two three");
  console.log(`${api}: run`);

  const ran = [];
  const getWeather = tool({
    name: "get_weather",
    description: "Tell the weather of a city",
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => (ran.push(city), `It is sunny in ${city}, 21 degrees.`),
  });
  const told = await run(new Agent({ name: "Weather", model, tools: [getWeather] }), "What is the weather in Paris?");
  assert.deepEqual(ran, ["Paris"]);
  assert.match(told.finalOutput, /21/);
  console.log(`${api}: tools`);

  const shape = z.object({ city: z.string(), degrees: z.number().int() });
  const shaped = await run(new Agent({ name: "S", model, outputType: shape }), "The weather in Rome: 21 degrees");
  assert.equal(shaped.finalOutput.city, "Rome");
  console.log(`${api}: objects`);

  const stream = await run(new Agent({ name: "Echo", model }), "Say one two three", { stream: true });
  let text = "";
  for await (const part of stream.toTextStream()) text += part;
  assert.equal(text, "One two three");
  console.log(`${api}: stream`);
}
