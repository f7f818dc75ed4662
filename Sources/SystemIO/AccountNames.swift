// SPDX-License-Identifier: Apache-2.0

/// The names of users and groups, and the numbers behind names.
internal import CCodecs

/// Looks up users and groups in the databases of the system and remembers the answers, so that a tree of a million
/// files of one user asks once. May be used by several threads.
///
/// Whatever cannot be found out is nil: there is no such account, or the database cannot be read now. Only the first
/// is remembered.
public final class AccountNames: Sendable {
  private struct State {
    var userNames: [UInt32: [UInt8]?] = [:]
    var groupNames: [UInt32: [UInt8]?] = [:]
    var users: [[UInt8]: UInt32?] = [:]
    var groups: [[UInt8]: UInt32?] = [:]
  }

  /// What a lookup can end in.
  private enum Answer<Value> {
    case known(Value)
    case unknown
    case failed

    var value: Value? {
      if case .known(let value) = self { return value }
      return nil
    }
  }

  /// A group with a million members fits.
  private static let largestBuffer = 1 << 24

  private let state = Monitor(State())

  /// Makes one that remembers nothing yet.
  public init() {}

  /// The name of a user; nil when there is none with that number.
  public func userName(_ uid: UInt32) -> [UInt8]? {
    lookUp(\.userNames, uid) { AccountNames.name { buffer, size in unsafe ccodecs_user_name(uid, buffer, size) } }
  }

  /// The name of a group; nil when there is none with that number.
  public func groupName(_ gid: UInt32) -> [UInt8]? {
    lookUp(\.groupNames, gid) { AccountNames.name { buffer, size in unsafe ccodecs_group_name(gid, buffer, size) } }
  }

  /// The number of a user; nil when there is none of that name.
  public func user(named name: [UInt8]) -> UInt32? {
    lookUp(\.users, name) {
      AccountNames.identifier(name) { name, buffer, size, number in
        unsafe ccodecs_user_identifier(name, buffer, size, number)
      }
    }
  }

  /// The number of a group; nil when there is none of that name.
  public func group(named name: [UInt8]) -> UInt32? {
    lookUp(\.groups, name) {
      AccountNames.identifier(name) { name, buffer, size, number in
        unsafe ccodecs_group_identifier(name, buffer, size, number)
      }
    }
  }

  /// Looks up outside the lock, because a database may be on another machine.
  private func lookUp<Key: Hashable, Value: Sendable>(
    _ table: WritableKeyPath<State, [Key: Value?]>, _ key: Key, _ find: () -> Answer<Value>
  ) -> Value? {
    if let remembered = state.withLock({ $0[keyPath: table][key] }) { return remembered }
    let answer = find()
    if case .failed = answer { return nil }
    state.withLock { state in _ = state[keyPath: table].updateValue(answer.value, forKey: key) }
    return answer.value
  }

  @safe
  private static func name(_ find: (UnsafeMutablePointer<CChar>, Int) -> Int64) -> Answer<[UInt8]> {
    var size = 1024
    while size <= largestBuffer {
      var buffer = [CChar](repeating: 0, count: size)
      let result = Syscalls.call(.account, .none, size: size) { _ in unsafe Int(find(&buffer, size)) }
      if result > 0 { return .known(buffer.prefix(result).map { UInt8(bitPattern: $0) }) }
      if result == 0 { return .unknown }
      guard Errno(result: result) == .outOfRange else { return .failed }
      size *= 4
    }
    return .failed
  }

  @safe
  private static func identifier(
    _ name: [UInt8],
    _ find: (UnsafePointer<CChar>, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<UInt32>) -> Int32
  ) -> Answer<UInt32> {
    if name.isEmpty || name.contains(0) { return .unknown }
    var size = 1024
    while size <= largestBuffer {
      var buffer = [CChar](repeating: 0, count: size)
      var number: UInt32 = 0
      let terminated = name.map { CChar(bitPattern: $0) } + [0]
      let result = Syscalls.call(.account, .none, size: size) { _ in
        unsafe Int(find(terminated, &buffer, size, &number))
      }
      if result > 0 { return .known(number) }
      if result == 0 { return .unknown }
      guard Errno(result: result) == .outOfRange else { return .failed }
      size *= 4
    }
    return .failed
  }
}
