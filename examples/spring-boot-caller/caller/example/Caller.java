package example;

import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.client.RestClient;

/// Calls a served application by its key, which comes from the environment.
@SpringBootApplication
public class Caller {
    record Name(String name) {}

    record Greeting(String text, String caller) {}

    /// What a refusal says, whichever it is.
    record Refusal(Detail error) {
        record Detail(String code, String message, String param) {}
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Caller.class, arguments);
    }

    @Bean
    RestClient redoubt(RestClient.Builder builder) {
        String url = System.getenv().getOrDefault("REDOUBT_URL", "http://127.0.0.1:8000");
        return builder.baseUrl(url)
                .defaultHeader("Authorization", "Bearer " + System.getenv("REDOUBT_KEY"))
                .build();
    }

    @Bean
    CommandLineRunner call(RestClient redoubt) {
        return names -> {
            for (String name : names) System.out.println(greet(redoubt, name));
        };
    }

    private static String greet(RestClient redoubt, String name) {
        return redoubt.post().uri("/spring-boot-caller").body(new Name(name)).exchange((request, response) -> {
            HttpStatusCode status = response.getStatusCode();
            if (status.is2xxSuccessful()) return response.bodyTo(Greeting.class).text();
            return status + " " + response.bodyTo(Refusal.class).error().message();
        });
    }
}
