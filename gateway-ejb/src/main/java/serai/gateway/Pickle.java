// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import com.upokecenter.cbor.CBORObject;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Plain values as Python's pickle, protocol 3: maps, lists, texts, bytes, whole numbers, booleans and null. Nothing that a
 * runtime would have to import. The libraries for it write bytes as bytearrays, which ASGI does not know.
 */
final class Pickle {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(1024);

    private Pickle() {}

    /** @throws IllegalArgumentException for a value of another kind */
    static byte[] of(CBORObject value) {
        var pickle = new Pickle();
        pickle.out.write(0x80); // PROTO
        pickle.out.write(3);
        pickle.write(value);
        pickle.out.write('.'); // STOP
        return pickle.out.toByteArray();
    }

    private void write(CBORObject value) {
        switch (value.getType()) {
            case Map -> {
                out.write('}'); // EMPTY_DICT
                for (var entry : value.getEntries()) {
                    write(entry.getKey());
                    write(entry.getValue());
                    out.write('s'); // SETITEM
                }
            }
            case Array -> {
                out.write(']'); // EMPTY_LIST
                for (var item : value.getValues()) {
                    write(item);
                    out.write('a'); // APPEND
                }
            }
            case TextString -> {
                var bytes = value.AsString().getBytes(StandardCharsets.UTF_8);
                sized('X', bytes); // BINUNICODE
            }
            case ByteString -> sized('B', value.GetByteString()); // BINBYTES
            case Integer -> {
                out.write('J'); // BININT
                number(value.AsInt32());
            }
            case Boolean -> out.write(value.AsBoolean() ? 0x88 : 0x89); // NEWTRUE, NEWFALSE
            case SimpleValue -> {
                if (!value.isNull()) {
                    throw new IllegalArgumentException(value + " has no form in Python");
                }
                out.write('N'); // NONE
            }
            default -> throw new IllegalArgumentException(value.getType() + " is not written");
        }
    }

    private void sized(char code, byte[] bytes) {
        out.write(code);
        number(bytes.length);
        out.writeBytes(bytes);
    }

    private void number(int value) {
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }
}
