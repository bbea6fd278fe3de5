ray start --address=head:6379 --block
