// Lets retryspec drive a Java client (JDK 17 or newer). It works as it is:
//     retryspec smoke -- java adapter.java
// With a client from a jar: java -cp client.jar adapter.java
// What an adapter is told and what it answers: docs/adapters.md of retryspec.
import java.io.FileOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

class Adapter {
    /** A value of the plan, such as plan("METHOD"). */
    static String plan(String key) {
        String value = System.getenv("RETRYSPEC_PLAN_" + key);
        if (value == null) {
            System.err.println("start me with: retryspec smoke -- java adapter.java");
            System.exit(1);
        }
        return value;
    }

    static int count(String key) {
        return Integer.parseInt(plan(key));
    }

    static Duration time(String key) {
        return Duration.ofNanos((long) (Double.parseDouble(plan(key)) * 1e6));
    }

    // ---- YOUR CLIENT --------------------------------------------------------
    /** Stands for one client object of your SDK. */
    static class Client {
        final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        final Duration timeout = time("READ_TIMEOUT_MS").isZero() ? Duration.ofMinutes(1) : time("READ_TIMEOUT_MS");

        /**
         * One logical call with all its retries. Replace this loop by one call
         * of your SDK. {@code body} is null for GET; the thread is interrupted
         * when the caller loses patience.
         */
        HttpResponse<byte[]> call(String method, String path, String body) throws Exception {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(URI.create(System.getenv("RETRYSPEC_BASE_URL") + path)).timeout(timeout);
            if (body == null) {
                request.method(method, BodyPublishers.noBody());
            } else {
                request.header("Content-Type", "application/json").method(method, BodyPublishers.ofString(body));
            }
            for (int attempt = 0;; attempt++) {
                long wait = 500L << attempt;
                try {
                    HttpResponse<byte[]> reply = http.send(request.build(), BodyHandlers.ofByteArray());
                    int status = reply.statusCode();
                    if (attempt == 4 || status < 500 && status != 408 && status != 429) {
                        return reply;
                    }
                    String header = reply.headers().firstValue("Retry-After").orElse("");
                    wait = header.matches("\\d{1,9}") ? 1000 * Long.parseLong(header) : wait;
                } catch (java.io.IOException error) {
                    if (attempt == 4) {
                        throw error;
                    }
                }
                Thread.sleep(wait);
            }
        }
    }
    // -------------------------------------------------------------------------

    /** One call; its answer is one line of results. */
    static String runCall(Client client, String token) {
        // The token tells retryspec which call a request belongs to. GET has no body.
        String method = plan("METHOD"), path = plan("PATH"), body = null;
        if (List.of("GET", "HEAD", "DELETE").contains(method)) {
            path += (path.contains("?") ? "&" : "?") + "token=" + token;
        } else {
            body = plan("PAYLOAD").replace("<token>", token);
        }
        try {
            HttpResponse<byte[]> reply = client.call(method, path, body);
            boolean isOk = reply.statusCode() < 400;
            byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(reply.body());
            return line(token, isOk, reply.statusCode(), isOk ? "" : "HTTP " + reply.statusCode(),
                    HexFormat.of().formatHex(sha256));
        } catch (Exception error) { // your SDK's errors: their names go to the report
            return line(token, false, 0, error.toString(), "");
        }
    }

    static String line(String token, boolean isOk, int status, String error, String sha256) {
        return String.format("{\"call\":\"%s\",\"outcome\":\"%s\",\"status\":%d,\"error\":\"%s\",\"sha256\":\"%s\"}%n",
                token, isOk ? "ok" : "error", status, error.replaceAll("[\"\\\\\\p{Cntrl}]", "'"), sha256);
    }

    /** The caller: it cancels a call that takes longer than its patience. */
    static void runImpatiently(Client client, String token, FileOutputStream results) {
        ExecutorService caller = Executors.newSingleThreadExecutor();
        try {
            Future<String> call = caller.submit(() -> runCall(client, token));
            caller.shutdown();
            if (!time("GIVE_UP_MS").isZero()
                    && !caller.awaitTermination(time("GIVE_UP_MS").toNanos(), TimeUnit.NANOSECONDS)) {
                caller.shutdownNow();
            }
            results.write(call.get().getBytes());
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    /** All calls of one client, CONCURRENCY of them at a time. */
    static void runClient(int index, FileOutputStream results) throws InterruptedException {
        Thread.sleep(time("START_SPREAD_MS").multipliedBy(index).dividedBy(count("CLIENTS")).toMillis());
        Client client = new Client();
        ExecutorService workers = Executors.newFixedThreadPool(count("CONCURRENCY"));
        for (int call = 0; call < count("CALLS"); call++) {
            String token = "rs-" + index + "-" + call;
            workers.execute(() -> runImpatiently(client, token, results));
        }
        workers.shutdown();
        workers.awaitTermination(1, TimeUnit.DAYS);
    }

    public static void main(String[] words) throws Exception {
        // To skip a scenario that your client can't do: say why and exit 77.
        // if (System.getenv("RETRYSPEC_SCENARIO").equals("body/reset")) {
        //     System.err.println("no streaming");
        //     System.exit(77);
        // }
        int clients = count("CLIENTS");
        ExecutorService all = Executors.newFixedThreadPool(clients);
        try (FileOutputStream results = new FileOutputStream(System.getenv("RETRYSPEC_RESULTS"), true)) {
            for (int i = 0; i < clients; i++) {
                int index = i;
                all.submit(() -> {
                    runClient(index, results);
                    return null;
                });
            }
            all.shutdown();
            all.awaitTermination(1, TimeUnit.DAYS);
        }
        System.exit(0); // do not wait for connections that are kept alive
    }
}
