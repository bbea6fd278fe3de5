package dev.redoubt.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serial;
import org.junit.jupiter.api.Test;

final class FaultTextTest {
    @Test
    void V1_6_itSaysClassesAndPlacesAndNoMessage() {
        Exception fault = new IllegalStateException("a prompt", new IllegalArgumentException("a key"));
        String text = FaultText.of(fault);
        assertThat(text)
                .startsWith("java.lang.IllegalStateException at dev.redoubt.base")
                .contains("FaultTextTest.V1_6_itSaysClassesAndPlacesAndNoMessage(FaultTextTest.java:")
                .contains(" caused by java.lang.IllegalArgumentException at ")
                .doesNotContain("prompt", "key");
        assertThat(FaultText.brief(fault))
                .endsWith("Message(FaultTextTest.java:11)")
                .doesNotContain(" < ", "caused");
    }

    @Test
    void V1_6_aPlaceThatIsInventedSaysNothing() {
        Exception fault = new Exception();
        fault.setStackTrace(new StackTraceElement[] {new StackTraceElement("the prompt was", "hello", "x y", 1)});
        assertThat(FaultText.of(fault)).isEqualTo("java.lang.Exception at ?");
    }

    @Test
    void aClassThatIsMissingIsNamed() {
        assertThat(FaultText.of(new NoClassDefFoundError("com/example/Missing")))
                .startsWith("java.lang.NoClassDefFoundError com.example.Missing at ");
        assertThat(FaultText.of(new NoClassDefFoundError("Could not do it")))
                .startsWith("java.lang.NoClassDefFoundError at ");
    }

    private static final class Broken extends Exception {
        @Serial
        private static final long serialVersionUID = 1L;

        @Override
        public StackTraceElement[] getStackTrace() {
            throw new IllegalStateException();
        }
    }

    @Test
    void aFaultWhoseOwnCodeFailsIsToldAllTheSame() {
        assertThat(FaultText.of(new Broken())).endsWith("FaultTextTest$Broken, which does not say more");
    }
}
