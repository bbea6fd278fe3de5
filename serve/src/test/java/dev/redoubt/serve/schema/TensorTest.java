package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class TensorTest {
    @Test
    void elementsAreReadByTheirType() {
        Tensor floats = Tensor.of(List.of(2, 2), 1, -2, 3.5f, 4);
        assertThat(floats.floatAt(2)).isEqualTo(3.5f);
        assertThat(floats.doubleAt(1)).isEqualTo(-2);
        assertThat(floats.floats()).containsExactly(1, -2, 3.5f, 4);
        assertThat(floats.count()).isEqualTo(4);
        assertThatThrownBy(() -> floats.longAt(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> floats.floatAt(4)).isInstanceOf(IndexOutOfBoundsException.class);

        byte[] bytes = {(byte) 0xFF, 0x7F};
        assertThat(Tensor.of(DType.U8, List.of(2), MemorySegment.ofArray(bytes)).longAt(0))
                .isEqualTo(255);
        assertThat(Tensor.of(DType.I8, List.of(2), MemorySegment.ofArray(bytes)).longAt(0))
                .isEqualTo(-1);
    }

    @Test
    void everyDtypeComesThroughArrays() {
        var json = JsonMapper.builder().build();
        for (DType dtype : DType.values()) {
            var box = new Schema.Box(dtype, List.of(2, -1));
            var tree = json.readTree(dtype == DType.BOOL ? "[[true],[false]]" : "[[1],[0]]");
            SchemaCheck.check(box, tree);
            Tensor tensor = TensorArrays.read(box, tree);
            assertThat(tensor.dtype()).isEqualTo(dtype);
            assertThat(tensor.shape()).containsExactly(2, 1);
            assertThat(tensor.doubleAt(0)).isEqualTo(1);
            assertThat(tensor.doubleAt(1)).isZero();
        }
    }

    @Test
    void itIsOffHeapAndNeverChanges() {
        Tensor tensor = Tensor.of(List.of(1), 1);
        assertThat(tensor.data().isNative()).isTrue();
        assertThatThrownBy(() -> tensor.data().set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
                .isInstanceOf(IllegalArgumentException.class);
        byte[] source = {1};
        Tensor copy = Tensor.of(DType.U8, List.of(1), MemorySegment.ofArray(source));
        source[0] = 2;
        assertThat(copy.longAt(0)).isEqualTo(1);
    }

    @Test
    void absurdShapesAreRefusedBeforeMemoryIsTaken() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.written(DType.F64, List.of(Integer.MAX_VALUE, Integer.MAX_VALUE), any -> {}));
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.written(DType.U8, List.of(-1), any -> {}));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.of(DType.F32, List.of(2), MemorySegment.ofArray(new byte[7])))
                .withMessage("a tensor F32[2] has 8 bytes, not 7");
    }

    @Test
    void sameBytesAreEqualAndItsTextHasNoElement() {
        Tensor one = Tensor.of(List.of(2), 7.25f, 8);
        assertThat(one).isEqualTo(Tensor.of(List.of(2), 7.25f, 8)).hasSameHashCodeAs(Tensor.of(List.of(2), 7.25f, 8));
        assertThat(one).isNotEqualTo(Tensor.of(List.of(2, 1), 7.25f, 8)).isNotEqualTo(Tensor.of(List.of(2), 7.25f, 9));
        assertThat(one).hasToString("F32[2]");
    }
}
