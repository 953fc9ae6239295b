// Driver for the AI SDK with its OpenAI provider, versions 6 and 7.
//
//     node vercel.mjs [FOLDER]
//
// FOLDER is the application whose packages are used (ai, @ai-sdk/openai, zod), `.` by default.
import { clientOf, kindOfCode, kindOfFetch, kindOfStatus, load, retryAfter, serve, sha256, versionOf } from "./lines.mjs";

const ai = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { z } = await load("zod");

const connect = ({ base_url: baseURL, api_key: apiKey, options: { organization, project } }) =>
  createOpenAI({ baseURL, apiKey, organization, project });

/** Settings of one call. */
function settings({ options: { retries, timeout_s }, signal }) {
  return { abortSignal: signal, ...(retries !== undefined && { maxRetries: retries }),
    ...(timeout_s !== undefined && { timeout: timeout_s * 1000 }) };
}

const counts = (usage) => usage && { in: usage.inputTokens ?? null, out: usage.outputTokens ?? null };
// The SDK's words with the API's spelling.
const finish = (reason) => reason?.replace("-", "_") ?? null;
const called = ({ toolCallId: id, toolName: name, input }) => ({
  id, name, arguments: typeof input === "string" ? input : JSON.stringify(input) });

function toolsOf(tools) {
  const told = (tools ?? []).map(({ function: { name, description, parameters } }) =>
    [name, ai.tool({ description, inputSchema: ai.jsonSchema(parameters) })]);
  return told.length ? { tools: Object.fromEntries(told) } : {};
}

function whole(result) {
  const choice = { text: result.text, finish: finish(result.finishReason), tool_calls: result.toolCalls.map(called) };
  return { choices: [choice], usage: counts(result.usage), request_id: result.response.headers?.["x-request-id"] };
}

async function chat(openai, run) {
  const { model, messages, tools } = run.input;
  return whole(await ai.generateText({ model: openai.chat(model), messages, ...toolsOf(tools), ...settings(run) }));
}

// The SDK tells of its own timeout as it tells of an abort: by a part of the stream.
const ended = (part) => Object.assign(new Error(String(part.reason ?? "aborted")), { name: "TimeoutError" });

async function read(run, { fullStream }) {
  const told = {};
  for await (const part of fullStream) {
    if (part.type === "text-delta") run.delta(part.text);
    else if (part.type === "tool-call") (run.choice().tool_calls ??= []).push(called(part));
    else if (part.type === "error") throw part.error;
    else if (part.type === "abort") throw ended(part);
    else if (part.type === "finish-step") told.request_id = part.response.headers?.["x-request-id"];
    else if (part.type === "finish") {
      run.finish(finish(part.finishReason));
      told.usage = counts(part.totalUsage);
    }
  }
  return { ...run.seen(), ...told };
}

async function stream(openai, run) {
  const { model, messages, tools } = run.input;
  return read(run, ai.streamText({ model: openai.chat(model), messages, ...toolsOf(tools), ...settings(run) }));
}

async function responses(openai, run) {
  return read(run, ai.streamText({ model: openai.responses(run.input.model), prompt: run.input.input, ...settings(run) }));
}

async function parse(openai, run) {
  const { model, messages, name, schema } = run.input;
  const wanted = { schema: z.fromJSONSchema(schema), schemaName: name };
  const result = await ai.generateObject({ model: openai.chat(model), messages, ...wanted, ...settings(run) });
  return { choices: [{ finish: finish(result.finishReason) }], parsed: result.object, usage: counts(result.usage) };
}

async function agent(openai, run) {
  const made = run.input.tools.map(({ name, description, parameters, returns }) => {
    const execute = (given) => (run.tool(name, given), returns);
    return [name, ai.tool({ description, inputSchema: ai.jsonSchema(parameters), execute })];
  });
  const { abortSignal, timeout, ...own } = settings(run);
  const made_of = { model: openai.chat(run.input.model), tools: Object.fromEntries(made), ...own };
  const loop = new ai.ToolLoopAgent(made_of);
  const asked = { prompt: run.input.prompt, abortSignal, timeout };
  if (!run.input.stream) return { ...whole(await loop.generate(asked)), ran: run.ran };
  const result = await loop.stream(asked);
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "abort") throw ended(part);
  }
  const choice = { text: await result.text, finish: finish(await result.finishReason) };
  return { choices: [choice], usage: counts(await result.usage), ran: run.ran };
}

const pictures = ({ images }) => ({ pictures: images.map((one) => ({ sha256: sha256(one.uint8Array) })) });

async function image(openai, run) {
  const { model, prompt } = run.input;
  return pictures(await ai.generateImage({ model: openai.image(model), prompt, ...settings(run) }));
}

async function imageEdit(openai, run) {
  const { model, prompt: text, images } = run.input;
  const prompt = { text, images: images.map(({ content }) => Buffer.from(content, "base64")) };
  return pictures(await ai.generateImage({ model: openai.image(model), prompt, ...settings(run) }));
}

async function embed(openai, run) {
  const { model, input: values } = run.input;
  const result = await ai.embedMany({ model: openai.embeddingModel(model), values, ...settings(run) });
  return { vectors: result.embeddings, usage: { in: result.usage?.tokens ?? null } };
}

async function speech(openai, run) {
  const { model, input: text, voice, response_format: outputFormat } = run.input;
  const made = { model: openai.speech(model), text, voice, ...(outputFormat && { outputFormat }) };
  return { bytes_sha256: sha256((await ai.generateSpeech({ ...made, ...settings(run) })).audio.uint8Array) };
}

function describe(raised) {
  // When the retries are used up, the last failure is inside.
  const error = raised?.lastError ?? raised;
  const code = error?.data?.error?.code ?? error?.code ?? null;
  const words = [error?.message ?? JSON.stringify(error)];
  // Where the answer was no error as the API has them, its own words are kept here.
  if (error?.responseBody && !error.data) words.push(error.responseBody.slice(0, 2000));
  return {
    kind: kind(error, code), message: words.join(" "), type: raised?.name,
    status: error?.statusCode ?? null, code: typeof code === "string" ? code : null,
    request_id: error?.responseHeaders?.["x-request-id"] ?? null, retry_after_s: retryAfter(error?.responseHeaders) };
}

function kind(error, code) {
  if (error?.name === "TimeoutError") return "timeout";
  if (error?.statusCode >= 400) return kindOfStatus(error.statusCode, code);
  if (error?.finishReason === "length") return "length";
  if (error?.finishReason === "content-filter") return "content_filter";
  const carried = kindOfFetch(error) ?? kindOfFetch(error?.cause) ?? kindOfFetch(error?.cause?.cause);
  return carried ?? kindOfCode(code, ai.AISDKError.isInstance(error) ? "protocol" : "other");
}

const CALLS = { chat, stream, responses, parse, agent, image, "image.edit": imageEdit, embed, speech };
const client = clientOf("ai", "ai-sdk", "https://github.com/vercel/ai");
const introduction = {
  client: { ...client, version: `${client.version} with @ai-sdk/openai ${versionOf("@ai-sdk/openai")}` },
  ops: Object.keys(CALLS),
  can: ["cancel", "parallel", "timeout", "retries", "tools", "headers", "reuse"],
  declares: { max_attempts: 3, keepalive_s: 4, total_timeout: true }, // connections are those of Node's fetch; `timeout` ends the whole call
};

await serve({ introduction, connect, describe, call: (openai, run) => CALLS[run.op](openai, run) });
