import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The lines of the protocol: this file knows nothing about any client. */
final class Lines {
    static final JsonMapper JSON = new JsonMapper();
    private static final PrintStream OUTPUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    /** What makes the call of a run: the fields of its result. */
    interface Call {
        Map<String, Object> make(Run run) throws Exception;
    }

    /** What describes an exception of the client. */
    interface Describe {
        Map<String, Object> told(Exception error);
    }

    /** A run line, and what an application has seen of its call so far. */
    static final class Run {
        final JsonNode line;
        final JsonNode input;
        final JsonNode options;
        final List<Map<String, Object>> choices = new ArrayList<>();
        final List<Map<String, Object>> pictures = new ArrayList<>();

        Run(JsonNode line) {
            this.line = line;
            this.input = line.path("input");
            this.options = line.path("options");
        }

        void say(String name, Object value) {
            write(fields("seq", line.path("seq"), name, value));
        }

        Map<String, Object> choice(int index) {
            while (choices.size() <= index) choices.add(fields("text", "", "finish", null));
            return choices.get(index);
        }

        void delta(String text, int index) {
            Map<String, Object> choice = choice(index);
            if (text.isEmpty()) return;
            choice.put("text", choice.get("text") + text);
            write(fields("seq", line.path("seq"), "event", "delta", "index", index, "text", text));
        }

        void picture(byte[] data, long index) {
            pictures.add(fields("sha256", hash(data), "partial", index));
            write(fields("seq", line.path("seq"), "event", "picture", "index", index, "sha256", hash(data)));
        }
    }

    /** A map of names and values, in their order. */
    static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> made = new LinkedHashMap<>();
        for (int at = 0; at < namesAndValues.length; at += 2) made.put((String) namesAndValues[at], namesAndValues[at + 1]);
        return made;
    }

    static String hash(byte[] data) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
        } catch (java.security.NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static synchronized void write(Map<String, Object> line) {
        try {
            OUTPUT.print(JSON.writeValueAsString(line) + "\n");
            OUTPUT.flush();
        } catch (com.fasterxml.jackson.core.JsonProcessingException bug) {
            throw new IllegalStateException(bug);
        }
    }

    private static void perform(Run run, Call call, Describe describe) {
        try {
            run.say("result", call.make(run));
        } catch (Exception error) {
            Map<String, Object> told = new LinkedHashMap<>(describe.told(error));
            java.io.StringWriter shown = new java.io.StringWriter();
            error.printStackTrace(new java.io.PrintWriter(shown));
            told.put("debug", shown.toString());
            told.put("partial", fields("choices", run.choices, "pictures", run.pictures));
            run.say("error", told);
        } catch (Throwable bug) {
            // Were the driver silent, the client would be said to hang.
            bug.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    /** Speaks the protocol until `stop` or the end of standard input. */
    static void serve(Map<String, Object> introduction, Call call, Describe describe) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        ExecutorService threads = Executors.newCachedThreadPool();
        System.setOut(System.err);
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            JsonNode told = JSON.readTree(line);
            switch (told.path("cmd").asText()) {
                case "hello" -> write(introduction);
                case "run" -> threads.submit(() -> perform(new Run(told), call, describe));
                case "stop" -> System.exit(0);
                default -> { }
            }
        }
        System.exit(0);
    }
}
