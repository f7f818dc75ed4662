// SPDX-License-Identifier: Apache-2.0

/// What clients call a service, in the `Host` field.

/// Names and addresses of hosts.
enum HostName {
  /// Whether an address is reached from this machine alone.
  static func isLoopback(_ address: String) -> Bool {
    address == "::1" || isAddress(address) && address.hasPrefix("127.")
  }

  /// A `Host` field without its port, in lower case; `nil` when it is none.
  static func withoutPort(_ field: String) -> String? {
    let name: Substring
    let rest: Substring
    if field.hasPrefix("[") {
      guard let end = field.firstIndex(of: "]") else { return nil }
      name = field[field.index(after: field.startIndex)..<end]
      rest = field[field.index(after: end)...]
    } else {
      name = field.prefix { $0 != ":" }
      rest = field[name.endIndex...]
    }
    guard !name.isEmpty, rest.isEmpty || rest.first == ":" && UInt16(rest.dropFirst()) != nil else { return nil }
    return name.lowercased()
  }

  /// Whether it is what ``withoutPort(_:)`` makes of a field: a name, or an address without brackets.
  static func isName(_ text: String) -> Bool { isAddress(text) || withoutPort(text) == text && !text.contains("/") }

  /// Whether it is an address and no name: nobody can make it lead elsewhere.
  static func isAddress(_ name: String) -> Bool {
    let colons = name.utf8.count { $0 == UInt8(ascii: ":") }
    if colons > 0 { return colons > 1 && name.utf8.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") } }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { $0.utf8.count <= 3 && UInt8($0) != nil }
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}

/// Which names are those of this service.
struct HostPolicy: Sendable {
  private let names: Set<String>
  private let takesAddresses: Bool

  /// - Parameters:
  ///   - address: what the service listens on.
  ///   - hosts: what else it is called.
  init(address: String, hosts: [String]) {
    names = Set(hosts + [address, "localhost", "127.0.0.1", "::1"])
    takesAddresses = address == "0.0.0.0" || address == "::"
  }

  /// Whether a request is for this service. A name that somebody else makes lead here is no name of it: a page in a browser
  /// could otherwise speak to it as to its own server.
  func allows(_ request: HTTPRequest) -> Bool {
    guard request.count(of: "Host") == 1, let name = request.field("Host").flatMap(HostName.withoutPort) else {
      return false
    }
    return names.contains(name) || takesAddresses && HostName.isAddress(name)
  }

  /// Whether a request was not made by a page of somebody else.
  func isFromUs(_ request: HTTPRequest) -> Bool {
    if let site = request.field("Sec-Fetch-Site"), site != "same-origin", site != "none" { return false }
    guard let origin = request.field("Origin") else { return true }
    guard request.count(of: "Origin") == 1, let host = request.field("Host") else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }
}
