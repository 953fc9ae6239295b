// What the official Node SDK does against Understudy, printed as one JSON line. Run with OPENAI_BASE_URL, OPENAI_API_KEY, and
// the name of the SDK to import; `wss` as second argument adds the realtime turns.
const sdk = process.argv[2];
const OpenAI = (await import(sdk)).default;
const client = new OpenAI();
const messages = [{ role: "user", content: "Say this is a test" }];
const said = {};

const completion = await client.chat.completions.create({ model: "gpt-4o", messages });
said.chat = completion.choices[0].message.content;

said.stream = "";
for await (const chunk of await client.chat.completions.create({ model: "gpt-4o", messages, stream: true })) {
  said.stream += chunk.choices[0]?.delta?.content ?? "";
}

const image = await client.images.generate({ model: "gpt-image-1-mini", prompt: "a kite", quality: "low" });
said.png = Buffer.from(image.data[0].b64_json, "base64").subarray(1, 4).toString();

try {
  await client.chat.completions.create({ model: "gpt-nope", messages });
} catch (refused) {
  said.error = [refused.constructor.name, refused.status, refused.code];
}

if (process.argv[3] === "wss") {
  const { OpenAIRealtimeWS } = await import(`${sdk}/realtime/ws`);
  said.realtime = await new Promise((resolve, reject) => {
    const session = new OpenAIRealtimeWS({ model: "gpt-realtime" }, client);
    const result = { text: "", audioBytes: 0 };
    const ask = (modality, text) => {
      session.send({ type: "session.update", session: { type: "realtime", output_modalities: [modality] } });
      const content = [{ type: "input_text", text }];
      session.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
      session.send({ type: "response.create" });
    };
    session.on("session.created", () => ask("text", "Say one two three"));
    session.on("response.output_text.delta", (event) => (result.text += event.delta));
    session.on("response.output_audio.delta", (event) => {
      result.audioBytes += Buffer.from(event.delta, "base64").length;
    });
    session.on("response.done", (event) => {
      if (result.audioBytes === 0) {
        ask("audio", "Tell me about rain");
      } else {
        result.audioTokens = event.response.usage.output_token_details.audio_tokens;
        session.close();
        resolve(result);
      }
    });
    session.on("error", reject);
  });
}
console.log(JSON.stringify(said));
