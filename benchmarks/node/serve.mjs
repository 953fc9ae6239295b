// aimock with one reply of the size that the benchmarks ask for, on the port that is given.
import { LLMock } from "@copilotkit/aimock";

const content = "It usually helps to begin with the simplest part and to add detail only where it is needed. ".repeat(6);
const mock = new LLMock({ port: Number(process.argv[2]), logLevel: "silent", chunkSize: 6 });
mock.onMessage(/.*/, { content });
await mock.start();
