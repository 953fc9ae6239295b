// What drivers of clients that stand on the official SDK for Node share: its settings, and its errors in the protocol's words.
import { kindOfCode, kindOfFetch, kindOfStatus, retryAfter } from "./lines.mjs";

/** Settings of the SDK's client; what the run does not say is left at the client's default. */
export function settingsOf({ base_url: baseURL, api_key: apiKey, options }) {
  const given = {
    maxRetries: options.retries,
    timeout: options.timeout_s && options.timeout_s * 1000,
    organization: options.organization,
    project: options.project,
    logLevel: options.debug_log && "debug",
  };
  return { baseURL, apiKey, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/** What describes the errors of an SDK, by its module `error`; `more` knows further kinds. */
export function describer(errors, more = () => undefined) {
  function kind(error) {
    if (error instanceof errors.APIConnectionTimeoutError) return "timeout";
    if (error instanceof errors.APIConnectionError) return "connection";
    if (error instanceof errors.APIError) {
      return error.status ? kindOfStatus(error.status, error.code) : kindOfCode(error.code, "protocol");
    }
    if (error?.message === "response.failed") return kindOfCode(error.cause?.code, "server");
    if (error instanceof errors.LengthFinishReasonError) return "length";
    if (error instanceof errors.ContentFilterFinishReasonError) return "content_filter";
    return more(error) ?? kindOfFetch(error) ?? (error instanceof SyntaxError ? "protocol" : "other");
  }
  const text = (value) => (typeof value === "string" ? value : null);
  return (error) => ({
    kind: kind(error),
    message: [error?.message ?? error, error?.cause?.message].filter(Boolean).join(": "),
    type: error?.constructor?.name,
    status: error?.status ?? null,
    code: text(error?.code) ?? text(error?.cause?.code),
    request_id: error?.requestID ?? null,
    retry_after_s: retryAfter(error?.headers),
  });
}
