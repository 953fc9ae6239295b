// The application that drivers of bare realtime sockets share: it does the turns, and nothing for the client.
//
// It sends what its turns say, as they say it, and takes each event as the client hands it over. It holds no answer back,
// retries nothing and repairs nothing: what a client does not do is not done.
const PIECE = 4_800; // bytes of 100 ms
const TEXTS = ["response.output_text.delta", "response.output_audio_transcript.delta"];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Application {
  /** `send` hands the client an event to send. */
  constructor(run, send) {
    Object.assign(this, { run, send, asked: [], answers: new Map(), speaking: new Set(), sound: 0, waiting: null });
    this.over = new Promise((_, reject) => (this.fail = reject));
    this.over.catch(() => {});
  }

  /** Does every turn, until the session fails. */
  converse() {
    return Promise.race([this.do(), this.over]);
  }

  async do() {
    const { output = "text", instructions, turns } = this.run.input;
    this.send({ type: "session.update", session: {
      type: "realtime", output_modalities: [output], ...(instructions !== undefined && { instructions }) } });
    for (const turn of turns) await this.turn(turn);
    return this.run.seen();
  }

  async turn({ do: what, text, pcm, pace, ms }) {
    if (what === "say") {
      const content = [{ type: "input_text", text }];
      this.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
      this.asked.push(`event_ask_${this.answers.size}_${this.asked.length}`);
      this.send({ type: "response.create", event_id: this.asked.at(-1) });
    } else if (what === "sound") {
      const sound = Buffer.from(pcm, "base64");
      for (let start = 0; start < sound.length; start += PIECE) {
        const audio = sound.subarray(start, start + PIECE).toString("base64");
        this.send({ type: "input_audio_buffer.append", audio });
        if (pace) await pause(100 / pace);
      }
    } else if (what === "wait") {
      await this.until(() => !this.asked.length && !this.speaking.size);
    } else if (what === "interrupt") {
      const wanted = ((ms ?? 0) * PIECE) / 100;
      await this.until(() => (this.speaking.size && this.sound >= wanted) || !this.asked.length);
      this.send({ type: "response.cancel" });
    } else if (what === "pause") await pause(ms);
  }

  async until(reached) {
    while (!reached()) await new Promise((resolve) => (this.waiting = resolve));
  }

  /** Takes an event as the client hands it over. */
  take(event) {
    const { run, answers } = this;
    if (event.type === "error") {
      const { code, message, event_id } = event.error ?? {};
      run.say({ event: "error", code: code ?? null, text: message ?? null });
      this.asked = this.asked.filter((each) => each !== event_id);
    } else if (event.type === "response.created") {
      answers.set(event.response.id, answers.size);
      this.speaking.add(event.response.id);
      this.asked.shift();
      this.sound = 0;
      run.finish(null, answers.get(event.response.id));
    } else if (TEXTS.includes(event.type)) {
      run.delta(event.delta, answers.get(event.response_id) ?? 0);
    } else if (event.type === "response.output_audio.delta") {
      const size = Buffer.from(event.delta, "base64").length;
      this.sound += size;
      run.say({ event: "audio", size, item: event.item_id });
    } else if (event.type === "response.done") {
      const { id, status, status_details: details } = event.response;
      if (!answers.has(id)) answers.set(id, answers.size);
      this.speaking.delete(id);
      run.finish(status, answers.get(id));
      const error = details?.error;
      if (error) run.say({ event: "error", code: error.code ?? error.type ?? null, text: error.message ?? null });
    }
    this.waiting?.();
  }
}
