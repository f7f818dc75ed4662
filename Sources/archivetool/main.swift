print("archivetool")
