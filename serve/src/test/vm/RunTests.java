import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/// Runs classes of tests where there is no Maven; a line for each test.
final class RunTests {
    private RunTests() {}

    public static void main(String[] classes) {
        LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
        for (String name : classes) request.selectors(DiscoverySelectors.selectClass(name));
        LauncherFactory.create().execute(request.build(), new TestExecutionListener() {
            @Override
            public void executionSkipped(TestIdentifier test, String reason) {
                System.out.println("TEST FAILED " + test.getDisplayName() + ": skipped, " + reason);
            }

            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                boolean good = result.getStatus() == Status.SUCCESSFUL;
                if (test.isTest() || !good)
                    System.out.println("TEST " + (good ? "passed " : "FAILED ")
                            + test.getUniqueId().replaceAll("^.*\\[class:|[\\[\\]]", ""));
                result.getThrowable().ifPresent(RunTests::print);
            }
        });
        System.out.println("DONE");
        System.exit(0);
    }

    private static void print(Throwable why) {
        StringWriter text = new StringWriter();
        why.printStackTrace(new PrintWriter(text));
        System.out.println(text);
    }
}
