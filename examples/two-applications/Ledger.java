package examples;

import dev.redoubt.serve.Call;
import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;

/// Says for whom it works: the application whose key was used, which no caller can choose.
@Deployment(name = "Ledger", maxOngoingRequests = 16, cpus = 0.5, memoryMiB = 128)
public final class Ledger implements Handler<Ledger.Entry, Ledger.Receipt> {
    public record Entry(String text) {}

    public record Receipt(String application, String text) {}

    @Override
    public Receipt handle(Entry entry) {
        return new Receipt(Call.current().application(), entry.text());
    }
}
