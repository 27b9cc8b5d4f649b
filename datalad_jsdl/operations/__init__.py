"""What can be done: without DataLad, argparse or the web."""
