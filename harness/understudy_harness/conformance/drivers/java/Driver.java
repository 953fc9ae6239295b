import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.LogLevel;
import com.openai.core.MultipartField;
import com.openai.core.ObjectMappers;
import com.openai.core.http.HttpResponse;
import com.openai.core.http.HttpResponseFor;
import com.openai.core.http.StreamResponse;
import com.openai.errors.OpenAIInvalidDataException;
import com.openai.errors.OpenAIIoException;
import com.openai.errors.OpenAIServiceException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.audio.speech.SpeechCreateParams;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.files.FileListParams;
import com.openai.models.images.ImageEditParams;
import com.openai.models.images.ImageGenStreamEvent;
import com.openai.models.images.ImageGenerateParams;
import com.openai.models.images.ImagesResponse;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Driver for the official Java SDK, with its blocking client. It does what an application would do and nothing more: no
 * retries, no timeouts and no parsing of its own.
 *
 * <p>mvn package &amp;&amp; java -cp "target/classes:target/dependency/*" Driver
 */
final class Driver {
    private static final Map<String, OpenAIClient> KEPT = new ConcurrentHashMap<>();
    private static final Map<String, String> FINISHES = Map.of("completed", "stop", "max_output_tokens", "length");
    private static final Map<Integer, String> KINDS = Map.of(
            400, "bad_request", 401, "auth", 403, "permission", 404, "not_found", 408, "timeout", 422, "bad_request");
    private static final Map<String, String> KINDS_BY_CODE = Map.of(
            "insufficient_quota", "quota", "rate_limit_exceeded", "rate_limit", "server_error", "server");

    /** The stream told that the response has failed; the SDK hands that on as an event. */
    private static final class ResponseFailed extends RuntimeException {
        final String code;

        ResponseFailed(String code, String message) {
            super(message);
            this.code = code;
        }
    }

    private interface Operation {
        Map<String, Object> make(OpenAIClient client, Lines.Run run) throws Exception;
    }

    private static OpenAIClient connect(Lines.Run run) {
        OpenAIOkHttpClient.Builder made = OpenAIOkHttpClient.builder()
                .baseUrl(run.line.path("base_url").asText())
                .apiKey(run.line.path("api_key").asText());
        JsonNode options = run.options;
        if (options.has("retries")) made.maxRetries(options.path("retries").asInt());
        if (options.has("timeout_s")) made.timeout(Duration.ofMillis((long) (options.path("timeout_s").asDouble() * 1000)));
        if (options.has("organization")) made.organization(options.path("organization").asText());
        if (options.has("project")) made.project(options.path("project").asText());
        if (options.path("debug_log").asBoolean()) made.logLevel(LogLevel.DEBUG);
        return made.build();
    }

    private static Map<String, Object> call(Operation operation, Lines.Run run) throws Exception {
        if (run.options.has("reuse")) {
            return operation.make(KEPT.computeIfAbsent(run.options.path("reuse").asText(), name -> connect(run)), run);
        }
        OpenAIClient client = connect(run);
        try {
            return operation.make(client, run);
        } finally {
            client.close();
        }
    }

    /** The input as a type of the SDK. */
    private static <T> T typed(Lines.Run run, Class<T> type) throws Exception {
        return ObjectMappers.jsonMapper().readValue(run.input.toString(), type);
    }

    private static ChatCompletionCreateParams asked(Lines.Run run) throws Exception {
        return ChatCompletionCreateParams.builder().body(typed(run, ChatCompletionCreateParams.Body.class)).build();
    }

    private static Map<String, Object> whole(ChatCompletion completion) {
        List<Object> choices = new ArrayList<>();
        for (ChatCompletion.Choice choice : completion.choices()) {
            List<Object> calls = new ArrayList<>();
            choice.message().toolCalls().orElse(List.of()).forEach(made -> made.function().ifPresent(call -> calls.add(
                    Lines.fields("id", call.id(), "name", call.function().name(), "arguments", call.function().arguments()))));
            choices.add(Lines.fields(
                    "text", choice.message().content().orElse(null), "finish", choice.finishReason().asString(),
                    "refusal", choice.message().refusal().orElse(null), "tool_calls", calls));
        }
        Object usage = completion.usage()
                .map(counts -> Lines.fields("in", counts.promptTokens(), "out", counts.completionTokens()))
                .orElse(null);
        return Lines.fields("choices", choices, "usage", usage);
    }

    private static Map<String, Object> chat(OpenAIClient client, Lines.Run run) throws Exception {
        try (HttpResponseFor<ChatCompletion> answer = client.chat().completions().withRawResponse().create(asked(run))) {
            Map<String, Object> told = whole(answer.parse());
            told.put("request_id", answer.requestId().orElse(null));
            return told;
        }
    }

    private static Map<String, Object> stream(OpenAIClient client, Lines.Run run) throws Exception {
        boolean tools = run.input.has("tools");
        Map<String, Object> told = Lines.fields("choices", run.choices);
        ChatCompletionAccumulator sum = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> chunks = client.chat().completions().createStreaming(asked(run))) {
            for (Iterator<ChatCompletionChunk> each = chunks.stream().iterator(); each.hasNext(); ) {
                ChatCompletionChunk chunk = each.next();
                if (tools) sum.accumulate(chunk); // puts the calls together
                chunk.usage().ifPresent(counts ->
                        told.put("usage", Lines.fields("in", counts.promptTokens(), "out", counts.completionTokens())));
                chunk.choices().forEach(choice -> take(choice, run));
            }
        }
        return tools ? whole(sum.chatCompletion()) : told;
    }

    private static void take(ChatCompletionChunk.Choice choice, Lines.Run run) {
        int index = (int) choice.index();
        run.delta(choice.delta().content().orElse(""), index);
        choice.finishReason().ifPresent(reason -> run.choice(index).put("finish", reason.asString()));
        choice.delta().refusal().ifPresent(more -> run.choice(index).merge("refusal", more, (said, added) -> said + "" + added));
    }

    private static Map<String, Object> responses(OpenAIClient client, Lines.Run run) throws Exception {
        ResponseCreateParams asked =
                ResponseCreateParams.builder().body(typed(run, ResponseCreateParams.Body.class)).build();
        Map<String, Object> told = Lines.fields("choices", run.choices);
        try (StreamResponse<ResponseStreamEvent> events = client.responses().createStreaming(asked)) {
            events.stream().forEach(event -> {
                event.outputTextDelta().ifPresent(delta -> run.delta(delta.delta(), 0));
                event.refusalDone().ifPresent(done -> run.choice(0).put("refusal", done.refusal()));
                event.error().ifPresent(error -> {
                    throw new ResponseFailed(error.code().orElse(null), error.message());
                });
                event.failed().ifPresent(failed -> {
                    throw failed.response().error()
                            .map(error -> new ResponseFailed(error.code().asString(), error.message()))
                            .orElseGet(() -> new ResponseFailed(null, "response.failed"));
                });
                event.completed().ifPresent(ended -> end(ended.response(), run, told));
                event.incomplete().ifPresent(ended -> end(ended.response(), run, told));
            });
        }
        return told;
    }

    private static void end(Response response, Lines.Run run, Map<String, Object> told) {
        String reason = response.incompleteDetails()
                .flatMap(details -> details.reason())
                .map(known -> known.asString())
                .orElseGet(() -> response.status().map(known -> known.asString()).orElse(null));
        run.choice(0).put("finish", reason == null ? null : FINISHES.getOrDefault(reason, reason));
        response.usage().ifPresent(
                counts -> told.put("usage", Lines.fields("in", counts.inputTokens(), "out", counts.outputTokens())));
    }

    private static byte[] bytes(String base64) {
        return Base64.getDecoder().decode(base64);
    }

    private static Map<String, Object> pictures(ImagesResponse answer) {
        List<Object> told = new ArrayList<>();
        answer.data().orElse(List.of()).forEach(one -> told.add(one.b64Json()
                .map(data -> Lines.fields("sha256", Lines.hash(bytes(data))))
                .orElseGet(() -> Lines.fields("url", one.url().orElse(null)))));
        return Lines.fields("pictures", told);
    }

    private static ImageGenerateParams pictured(Lines.Run run) throws Exception {
        return ImageGenerateParams.builder().body(typed(run, ImageGenerateParams.Body.class)).build();
    }

    private static Map<String, Object> image(OpenAIClient client, Lines.Run run) throws Exception {
        return pictures(client.images().generate(pictured(run)));
    }

    private static Map<String, Object> imageStream(OpenAIClient client, Lines.Run run) throws Exception {
        List<Object> last = new ArrayList<>();
        try (StreamResponse<ImageGenStreamEvent> events = client.images().generateStreaming(pictured(run))) {
            events.stream().forEach(event -> {
                event.generationPartialImage().ifPresent(
                        partial -> run.picture(bytes(partial.b64Json()), partial.partialImageIndex()));
                event.generationCompleted().ifPresent(
                        done -> last.add(Lines.fields("sha256", Lines.hash(bytes(done.b64Json())))));
            });
        }
        return Lines.fields("pictures", last);
    }

    private static Map<String, Object> imageEdit(OpenAIClient client, Lines.Run run) throws Exception {
        List<InputStream> files = new ArrayList<>();
        run.input.path("images").forEach(one -> files.add(new ByteArrayInputStream(bytes(one.path("content").asText()))));
        // The SDK takes one file name for all of them.
        JsonNode first = run.input.path("images").path(0);
        ImageEditParams asked = ImageEditParams.builder()
                .model(run.input.path("model").asText())
                .prompt(run.input.path("prompt").asText())
                .image(MultipartField.<ImageEditParams.Image>builder()
                        .value(ImageEditParams.Image.ofInputStreams(files))
                        .filename(first.path("name").asText())
                        .contentType(first.path("type").asText("image/png"))
                        .build())
                .build();
        return pictures(client.images().edit(asked));
    }

    private static Map<String, Object> embed(OpenAIClient client, Lines.Run run) throws Exception {
        EmbeddingCreateParams asked =
                EmbeddingCreateParams.builder().body(typed(run, EmbeddingCreateParams.Body.class)).build();
        List<Object> vectors = new ArrayList<>();
        client.embeddings().create(asked).data().forEach(one -> vectors.add(one.embedding().stream().map(Float::doubleValue).toList()));
        return Lines.fields("vectors", vectors);
    }

    private static Map<String, Object> speech(OpenAIClient client, Lines.Run run) throws Exception {
        SpeechCreateParams asked = SpeechCreateParams.builder().body(typed(run, SpeechCreateParams.Body.class)).build();
        try (HttpResponse sound = client.audio().speech().create(asked)) {
            return Lines.fields("bytes_sha256", Lines.hash(sound.body().readAllBytes()));
        }
    }

    private static Map<String, Object> list(OpenAIClient client, Lines.Run run) {
        FileListParams asked = FileListParams.builder().limit(run.input.path("limit").asLong()).build();
        List<String> items = new ArrayList<>();
        client.files().list(asked).autoPager().forEach(file -> items.add(file.id()));
        return Lines.fields("items", items);
    }

    private static Map<String, Object> describe(Exception error) {
        Map<String, Object> told = Lines.fields(
                "kind", "other", "message", String.valueOf(error.getMessage()), "type", error.getClass().getSimpleName());
        if (error instanceof OpenAIServiceException refused) {
            String code = refused.code().orElse(null);
            int status = refused.statusCode();
            told.put("kind", status < 400 ? kindOfCode(code, "protocol") : kindOfStatus(status, code));
            told.put("status", status);
            told.put("code", code);
            told.put("message", error.getMessage() + " " + refused.body());
            refused.headers().values("x-request-id").stream().findFirst().ifPresent(id -> told.put("request_id", id));
            refused.headers().values("retry-after").stream().filter(wait -> wait.matches("\\d+")).findFirst()
                    .ifPresent(wait -> told.put("retry_after_s", Long.parseLong(wait)));
        } else if (error instanceof ResponseFailed failed) {
            told.put("kind", kindOfCode(failed.code, "server"));
            told.put("code", failed.code);
        } else if (error instanceof OpenAIIoException || error instanceof java.io.IOException) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            told.put("kind", cause instanceof InterruptedIOException ? "timeout" : "connection");
            told.put("message", error.getMessage() + ": " + cause.getMessage());
        } else if (error instanceof OpenAIInvalidDataException) {
            told.put("kind", "protocol");
        }
        return told;
    }

    private static String kindOfStatus(int status, String code) {
        if (status == 429) return kindOfCode(code, "rate_limit");
        return KINDS.getOrDefault(status, status >= 500 ? "server" : "other");
    }

    private static String kindOfCode(String code, String otherwise) {
        return code == null ? otherwise : KINDS_BY_CODE.getOrDefault(code, otherwise);
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Operation> operations = Map.ofEntries(
                entry("chat", Driver::chat), entry("stream", Driver::stream), entry("responses", Driver::responses),
                entry("image", Driver::image), entry("image.stream", Driver::imageStream),
                entry("image.edit", Driver::imageEdit), entry("embed", Driver::embed), entry("speech", Driver::speech),
                entry("list", Driver::list));
        String version = OpenAIClient.class.getPackage().getImplementationVersion();
        Map<String, Object> introduction = Lines.fields(
                "client", Lines.fields(
                        "name", "openai-java", "version", version == null ? "4.101.0" : version, "language", "Java",
                        "runtime", "Java " + System.getProperty("java.version"), "http", "okhttp",
                        "homepage", "https://github.com/openai/openai-java",
                        "issues", "https://github.com/openai/openai-java/issues"),
                "ops", operations.keySet(),
                "can", List.of("parallel", "timeout", "retries", "tools", "n", "headers", "logs", "reuse"),
                "declares", Lines.fields("max_attempts", 3, "total_timeout", true)); // `timeout` is that of the whole call
        Lines.serve(introduction, run -> call(operations.get(run.line.path("op").asText()), run), Driver::describe);
    }
}
