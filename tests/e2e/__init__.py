"""Official clients, hostile bytes and a real model server against a running gateway, over real sockets."""
