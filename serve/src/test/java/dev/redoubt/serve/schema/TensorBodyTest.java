package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorBodyTest {
    private static ServeException refusal(String dtype, String shape, int bytes) {
        return catchThrowableOfType(ServeException.class, () -> TensorBody.read(dtype, shape, new byte[bytes]));
    }

    @Test
    void elementsAreLittleEndianAndRowMajor() {
        Tensor tensor = TensorBody.read("F32", "1,2", new byte[] {0, 0, (byte) 0x80, 0x3F, 0, 0, 0, (byte) 0xC0});
        assertThat(tensor).isEqualTo(Tensor.of(List.of(1, 2), 1, -2));
        assertThat(TensorBody.write(tensor)).containsExactly(0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0);
        assertThat(TensorBody.shape(tensor)).isEqualTo("1,2");
        assertThat(TensorBody.read("U8", "", new byte[] {7}).longAt(0))
                .as("a single number")
                .isEqualTo(7);
        assertThat(TensorBody.read("F64", "0,3", new byte[0]).count()).isZero();
    }

    @Test
    void R1_7_aBodyOfAnotherLengthIsRefused() {
        for (int bytes : List.of(0, 7, 9, 16)) {
            ServeException refusal = refusal("F32", "2", bytes);
            assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_BODY);
            assertThat(refusal).hasMessageContaining("say 8 bytes, the data are " + bytes);
        }
    }

    @Test
    void R1_7_shapesAndDtypesThatAreNoneAreRefusedBeforeMemoryIsTaken() {
        for (String shape : List.of("a", "1,", ",1", "-1", "1;2", "1 ", "0x1", "99999999999", "1".repeat(200)))
            assertThat(refusal("F32", shape, 4).field()).as(shape).hasValue("shape");
        assertThat(refusal("F16", "2", 4).field()).hasValue("dtype");
        assertThat(refusal("f32", "1", 4).field()).hasValue("dtype");
        assertThat(refusal("F32", "999999999,999999999,999999999", 4).code()).isEqualTo(ErrorCode.INVALID_BODY);
        assertThat(refusal("F32", "1,1,1,1,1,1,1,1,1", 4).code()).isEqualTo(ErrorCode.INVALID_BODY);
    }
}
