/// Replicas in processes of their own: how they are started and confined, and the link between server and
/// worker. On the server's side read [dev.redoubt.serve.worker.WorkerRuntime] first, on the other
/// [dev.redoubt.serve.worker.WorkerMain].
///
/// ## The link
/// A Unix domain socket in the worker's folder, which only its owner can open. The server listens, takes one
/// connection, removes the socket's name, and asks for the token that the worker got over standard input.
/// Either
/// side takes the other for a stranger: what breaks a rule below closes the link and ends the replica.
///
/// A frame is `length:u32 type:u8 id:u32 body`; `length` counts what follows it and is at most
/// [dev.redoubt.serve.worker.WorkerLimits#frameBytesMax] less 4. Numbers are big-endian. `count` is seven bits
/// a
/// byte, lowest first; `text` (UTF-8) and `bytes` are a count and so many bytes. A body ends where its last
/// value
/// does.
///
/// | type | from | id | body |
/// |---|---|---|---|
/// | 1 HELLO | worker, first | 0 | version:u32 token:bytes confined:u32 |
/// | 2 INTERFACE | worker, second | 0 | JSON:bytes |
/// | 3 READY | worker, third | 0 | |
/// | 4 REFUSED | worker, instead of one of these | 0 | reason:text |
/// | 16 CALL | both | the sender's next number, from 1 | target:text request:text application:text key:text
/// nanosLeft:u64 model:text input:value |
/// | 17 ITEM | who was called | the call's | last:u8 output:value |
/// | 18 COMPLETED | who was called | the call's | |
/// | 19 FAILED | who was called | the call's | code:text hasField:u8 [field:text] hasRetry:u8 [millis:u64]
/// arguments:count text… fault:text |
/// | 20 CANCEL | who called | the call's | |
/// | 21 CREDIT | who called | the call's | bytes:u32 |
/// | 32 RECONFIGURE | server | a question's | JSON:bytes |
/// | 33 HEALTH | server | a question's | |
/// | 34 DONE | worker | the question's | yes:u8 reason:text |
/// | 48 BYE | server | 0 | |
///
/// A call that streams has a window of 256 KiB: an item goes while any of it is left, and CREDIT gives back
/// what
/// was taken. A call that does not has one ITEM with the last mark, or FAILED.
///
/// Nobody waits to send: what the peer is slow to take goes out when it takes it, and a peer that takes nothing for
/// [dev.redoubt.serve.worker.WorkerLimits#writeTimeout] is killed. Items of a burst go out together, at most two
/// milliseconds late.
///
/// A value is written by the schema that both sides have from INTERFACE, without names and types: text, bytes,
/// `u8` for a truth, `u64` for a whole number and for the bits of a double, the index of a choice as a count, a
/// count and items, a count and pairs of name and value, fields in the schema's order with a `u8` before those
/// that may be missing, and for a tensor `rank:u8 size:count…` and its elements as they lie in memory.
@NullMarked
package dev.redoubt.serve.worker;

import org.jspecify.annotations.NullMarked;
