// Driver for the OpenAI Agents SDK for JavaScript: `responses` over the Responses API, the rest over chat completions.
//
//     node agents.mjs [FOLDER]
//
// FOLDER is the application whose packages are used (@openai/agents, openai, zod), `.` by default.
import { clientOf, load, serve } from "./lines.mjs";
import { describer, settingsOf } from "./openai_parts.mjs";

const { Agent, OpenAIProvider, Runner, setTracingDisabled, tool, ...errors } = await load("@openai/agents");
const { OpenAI } = await load("openai");
const { z } = await load("zod");
setTracingDisabled(true); // traces would go to the real API

const connect = (run) => {
  const openAIClient = new OpenAI(settingsOf(run));
  return new Runner({ modelProvider: new OpenAIProvider({ openAIClient, useResponses: run.op === "responses" }) });
};

function told(run, result) {
  const { usage, responseId } = result.rawResponses.at(-1) ?? {};
  const text = typeof result.finalOutput === "string" ? result.finalOutput : null;
  const choices = run.choices.length ? run.choices : [{ text }];
  return { choices, ran: run.ran, usage: usage && { in: usage.inputTokens, out: usage.outputTokens }, response: responseId };
}

const agentFor = (run, more = {}) => new Agent({ name: "Assistant", model: run.input.model, ...more });

async function chat(runner, run) {
  return told(run, await runner.run(agentFor(run), run.input.messages, { signal: run.signal }));
}

async function stream(runner, run) {
  const asked = run.input.messages ?? run.input.input;
  const result = await runner.run(agentFor(run), asked, { stream: true, signal: run.signal });
  for await (const text of result.toTextStream()) run.delta(text);
  await result.completed;
  return told(run, result);
}

async function parse(runner, run) {
  const outputType = z.fromJSONSchema(run.input.schema);
  const result = await runner.run(agentFor(run, { outputType }), run.input.messages, { signal: run.signal });
  return { ...told(run, result), parsed: result.finalOutput };
}

async function agent(runner, run) {
  const tools = run.input.tools.map(({ name, description, parameters, returns }) => {
    const execute = (given) => (run.tool(name, given), returns);
    return tool({ name, description, parameters: { required: [], ...parameters }, strict: false, execute });
  });
  const result = await runner.run(agentFor(run, { tools }), run.input.prompt, {
    signal: run.signal, ...(run.input.stream && { stream: true }) });
  if (run.input.stream) await result.completed;
  return told(run, result);
}

function kindOfAgents(error) {
  if (error instanceof errors.ModelRefusalError) return "refusal";
  if (error instanceof errors.ModelTimeoutError) return "timeout";
  return error instanceof errors.ModelBehaviorError ? "protocol" : undefined;
}

const CALLS = { chat, stream, responses: stream, parse, agent };
const introduction = {
  client: clientOf("@openai/agents", "openai-agents-js", "https://github.com/openai/openai-agents-js"),
  ops: Object.keys(CALLS),
  can: ["cancel", "parallel", "timeout", "retries", "headers", "logs", "reuse"],
  declares: { max_attempts: 3, keepalive_s: 4 }, // connections are those of Node's fetch
};

await serve({
  introduction, connect, describe: describer(await load("openai/error"), kindOfAgents), call: (runner, run) => CALLS[run.op](runner, run) });
