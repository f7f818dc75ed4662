// SPDX-License-Identifier: Apache-2.0

/// Ending the process.
internal import CCodecs
internal import Glibc

/// Ends the process with an exit code, after removing the temporary files of `AtomicFile` values that were not
/// committed.
///
/// - Parameter code: The exit code; the shell sees its lowest eight bits.
public func exitProcess(_ code: Int32) -> Never {
  TemporaryRegistry.removeAll {
    exit(code)
  }
  // Not reached; the closure above cannot say so.
  exit(code)
}

/// Becomes another program. Open files are closed by it but for the standard ones; environment and folder stay.
///
/// - Parameters:
///   - program: Its file.
///   - arguments: All of them, the name by which it is called first.
/// - Throws: What the system answered, such as `ENOENT`; `EINVAL` for a zero byte in a text.
public func replaceProcess(_ program: Path, arguments: [[UInt8]]) throws(IOError) -> Never {
  guard !program.containsNUL, !arguments.contains(where: { $0.contains(0) }) else {
    throw IOError("run", path: program, errno: .invalidArgument)
  }
  _ = ChildProcess.withVectors([program.bytes] + arguments, []) { words, _ in
    // The first of the words is the file.
    unsafe ccodecs_replace_process(words[0], words + 1)
  }
  throw IOError("run", path: program, errno: Errno(rawValue: errno))
}
